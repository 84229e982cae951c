/** The options of run and create, by provider. */
import { approximated, type Feature, feature, refused, works } from './feature.ts';

const noInput = refused(
  'ECS leads nobody to the standard input of a container',
  'leave -i out, and use exec -i once it runs',
);
const hostFolder = 'a folder of the host is mounted only where the operator grants it with LONGSHORE_DEV_BINDS';
const noHost = refused('Fargate has no host whose folders could be mounted', 'use a volume');
const sized = approximated('rounded up to the next size that Fargate has');

export const runFeatures: readonly Feature[] = [
  feature('run -d', works),
  feature('run --rm', works),
  feature('run --name', works),
  feature('run -e', works),
  feature('run -w', works),
  feature('run --user', works),
  feature('run --label', works),
  feature('run --entrypoint', works),
  feature('run -t', works),
  feature('run -i', noInput, { member: 'input' }),
  feature('run -it', noInput),
  feature('run --pull', works),
  feature('run --platform', approximated('linux/amd64 and linux/arm64, of which Fargate then has the machine')),
  feature(
    'run --sig-proxy',
    approximated("the image's stop signal always; others by a process inside, which needs a shell and a writable root"),
  ),
  feature('run --init', works),
  feature('run --memory', sized),
  feature('run --cpus', sized),
  feature('run --restart', works),
  feature('run --health-cmd', approximated('ECS bounds intervals to 5 to 300 s, and timeouts to 2 to 60 s')),
  feature('run --read-only', approximated('there is then no exec, pause, top or cp')),
  feature('run --cap-drop', works),
  feature('run --stop-timeout', approximated('at most 120 s')),
  feature(
    'run --stop-signal',
    refused("Fargate sends the image's own stop signal", 'make an image with another STOPSIGNAL'),
  ),
  feature('run -p 80:80', approximated('published on the address of the task')),
  feature('run -p 8080:80', approximated('by a forwarder beside the container, up to nine of them'), {
    member: 'ports.moved',
    without: refused(
      "a task on Fargate is published on its own address, at the container's own port",
      'publish the same number, or ask the operator to set LONGSHORE_AWS_FORWARDER',
    ),
    setting: 'LONGSHORE_AWS_FORWARDER',
  }),
  feature('run -P', approximated("at the exposed ports' own numbers")),
  feature('run -v volume', approximated('a folder of EFS, whose files belong to root'), {
    member: 'mounts.volume',
    setting: 'LONGSHORE_AWS_EFS',
  }),
  feature('run --mount type=volume', approximated('a folder of EFS, whose files belong to root'), {
    member: 'mounts.volume',
    setting: 'LONGSHORE_AWS_EFS',
  }),
  feature('run -v /folder', noHost, { docker: approximated(hostFolder), member: 'mounts.bind' }),
  feature('run --mount type=bind', noHost, { docker: approximated(hostFolder), member: 'mounts.bind' }),
  feature('run --tmpfs', refused('Fargate has no file systems in memory', 'write below /tmp, or use a volume'), {
    member: 'mounts.tmpfs',
  }),
  feature(
    'run --network',
    approximated('a security group: containers on it reach each other, by address or by whole names'),
  ),
  feature(
    'run --network-alias',
    approximated('`alias.network.namespace` where the operator set LONGSHORE_AWS_NAMESPACE; no name by itself'),
  ),
  feature('run --network none', refused('a task on Fargate always has a network', 'use a network of its own')),
  feature('run --hostname', refused('Fargate names hosts itself', 'pass the name as a variable')),
  feature('run --domainname', refused('Fargate names hosts itself', 'pass the name as a variable')),
  feature('run --dns', refused("Fargate uses the VPC's resolver", "let the operator set the VPC's DHCP options")),
  feature('run --add-host', refused('Fargate has no such entries', 'use an address, or a name in DNS')),
  feature('run --group-add', refused('Fargate knows one group, the one of --user', 'make the image with the groups')),
  feature('run --cpu-shares', refused('a task on Fargate shares its CPUs with nobody', 'use --cpus')),
  feature('run --shm-size', refused('Fargate always has 64 MiB of /dev/shm', 'use a volume')),
  feature('run --oom-score-adj', refused('Fargate does not let processes be ranked', 'use --memory')),
  feature('run --ulimit nofile', works),
  feature('run --ulimit', refused('Fargate sets nofile only', 'leave it out')),
  feature('run --pids-limit', approximated('of no effect')),
  feature('run --sysctl', works),
];
