/** The verdicts on ContainerConfig, the top level of a create body. */
import { approximated, type FieldTable, mapped, misplaced, unsupported } from './fields.ts';
import { hostConfigFields } from './host-config-fields.ts';
import { networkingFields } from './networking-fields.ts';

const healthcheckFields: FieldTable = {
  Test: mapped('healthcheck.command; empty: the one of the image'),
  Interval: mapped('healthcheck.intervalSeconds; 0: as the image says'),
  Timeout: mapped('healthcheck.timeoutSeconds; 0: as the image says'),
  StartPeriod: mapped('healthcheck.startPeriodSeconds; 0: as the image says'),
  Retries: mapped('healthcheck.retries; 0: as the image says'),
  StartInterval: approximated('probes come at the usual interval while the container starts', { since: '1.44' }),
};

const ofBuild = 'it says how an image is built';

export const containerFields: FieldTable = {
  Image: mapped('image'),
  Cmd: mapped('command; a list, or one text'),
  Entrypoint: mapped('entrypoint; an empty list or text takes the one of the image away', { emptyCounts: true }),
  Env: mapped('env; a name without "=" takes the variable of the image away (unsetEnv)'),
  WorkingDir: mapped('workdir'),
  User: mapped('user'),
  Hostname: mapped('hostname; the short id when absent'),
  Domainname: mapped('domainname'),
  Labels: mapped(
    'labels, and secrets by `longshore.secret.NAME`; other names under "longshore." and "cp." are refused',
  ),
  Tty: mapped('tty'),
  OpenStdin: mapped('stdin'),
  StdinOnce: mapped('stdinOnce'),
  AttachStdin: mapped('attach'),
  AttachStdout: mapped('attach'),
  AttachStderr: mapped('attach'),
  ExposedPorts: mapped('expose; tcp and udp'),
  Volumes: mapped('mounts of type volume without a source: an anonymous volume each'),
  Healthcheck: mapped('healthcheck', { fields: healthcheckFields }),
  StopSignal: mapped('stop.signal'),
  StopTimeout: mapped('stop.graceSeconds; 0 kills at once', { emptyCounts: true }),
  NetworkDisabled: mapped('noNetwork'),
  MacAddress: unsupported(
    'addresses on a network are given by the platform',
    'Leave it out; containers find each other by name and alias',
  ),
  OnBuild: misplaced(ofBuild, 'Write ONBUILD into a Dockerfile'),
  Shell: misplaced(ofBuild, 'Write SHELL into a Dockerfile'),
  ArgsEscaped: unsupported('it is for containers of Windows', 'Leave it out'),
  HostConfig: mapped('see HostConfig', { fields: hostConfigFields }),
  NetworkingConfig: mapped('see NetworkingConfig', { fields: networkingFields }),
  name: mapped('nothing: dockerode repeats its query in the body, and the query is what counts; both must agree'),
  platform: mapped('what the image must be made for; as name'),
};
