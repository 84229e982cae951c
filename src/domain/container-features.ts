/** The commands that work on containers, by provider. */
import { approximated, type Feature, feature, refused, works } from './feature.ts';

const fargate = 'LONGSHORE_AWS_TASK_ROLE';
const inside = 'by a process inside: the image needs a shell, and the root must be writable';
const byTar = `${inside}, with tar, while the container runs; beyond 10 MiB through the bucket where it has curl`;

export const containerFeatures: readonly Feature[] = [
  feature('create', works),
  feature(
    'run',
    approximated('a start takes 20 to 60 s, and the output comes line by line from the log, some seconds late'),
  ),
  feature('ps', works),
  feature(
    'start',
    approximated('it is a new task: another address, and files outside of volumes are those of the image'),
  ),
  feature('start -a', approximated('the output comes line by line from the log, some seconds late')),
  feature(
    'stop',
    approximated(
      `the grace is the one of --stop-timeout; another signal than the image's goes out by a process inside`,
    ),
  ),
  feature('restart', approximated('it is a stop and a start, and like these')),
  feature('pause', approximated(`${inside}; processes are stopped one by one`), { member: 'pause', setting: fargate }),
  feature('unpause', approximated(inside), { member: 'unpause', setting: fargate }),
  feature('kill', works),
  feature('kill -s', approximated(inside), { member: 'exec', setting: fargate }),
  feature('rename', works),
  feature(
    'update --memory',
    refused('a task on Fargate keeps its size', 'remove the container and create it with other limits'),
    { member: 'update' },
  ),
  feature('update --restart', works),
  feature('wait', works),
  feature('rm', works),
  feature('rm -v', works),
  feature('container prune', works),
  feature('container inspect', works),
  feature(
    'attach',
    approximated('output only, line by line from the log, some seconds late; a terminal keeps its size'),
    { member: 'attach' },
  ),
  feature('exec', approximated(`${inside}; sh and stty, without a terminal dd, base64 and tr as well`), {
    member: 'exec',
    setting: fargate,
  }),
  feature('exec -d', approximated(inside), { member: 'exec', setting: fargate }),
  feature('exec -e', approximated(inside), { member: 'exec', setting: fargate }),
  feature('exec -i', approximated(inside), { member: 'exec', setting: fargate }),
  feature('exec -t', approximated(inside), { member: 'exec', setting: fargate }),
  feature('exec -u', approximated(`${inside}, and su`), { member: 'exec', setting: fargate }),
  feature('exec -w', approximated(inside), { member: 'exec', setting: fargate }),
  feature('logs', approximated('all lines are standard output; they come some seconds late')),
  feature('logs -f', approximated('all lines are standard output; they come some seconds late')),
  feature('logs --tail', works),
  feature('logs --since', works),
  feature('logs --until', works),
  feature('logs -t', works),
  feature('top', approximated(`${inside}; ps takes no options`), { member: 'top', setting: fargate }),
  feature('stats', approximated(`${inside}; it is what the container reads in its control group, the reader with it`), {
    member: 'stats',
    setting: fargate,
  }),
  feature(
    'stats --no-stream',
    approximated('a sample takes about 3 s, and the docker CLI waits for 2 s: take the stream'),
    {
      member: 'stats',
      setting: fargate,
    },
  ),
  feature('cp', approximated(byTar), { member: 'archive', setting: fargate }),
  feature(
    'cp before a start',
    refused('ECS has files of a container only while it runs', 'start it first, or bring them by a volume or an image'),
  ),
  feature(
    'diff',
    refused('AWS shows nobody what a task changed in its files', 'exec and look, or keep what counts in a volume'),
    { member: 'changes' },
  ),
  feature(
    'commit',
    refused('AWS keeps no files of a task that an image could be made of', 'build the image from a Dockerfile'),
    { member: 'commit' },
  ),
  feature('export', approximated(byTar), {
    member: 'export',
    setting: fargate,
  }),
  feature('port', approximated("the host's port is the container's own, at the address of the task")),
];
