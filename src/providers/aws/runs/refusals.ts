/** What Fargate cannot do of a spec: the field, why, and what to do instead. Pure. */
import type { ContainerSpec } from '../../../domain/container-spec.ts';
import { noteOn, reasonOf } from '../../../domain/features.ts';
import type { Refusal } from '../../provider.ts';
import type { AwsSettings } from '../settings.ts';
import { portRefusal } from './ports.ts';
import { taskSize } from './sizes.ts';

/** ECS takes five security groups per task; one is for the published ports. */
const mostNetworks = 4;
const longestGraceSeconds = 120;

type Rule = (spec: ContainerSpec) => Refusal | null;
const unless = (fine: boolean, field: string, reason: string): Refusal | null => (fine ? null : { field, reason });
/** For what the table of features refuses. */
const unlessTabled = (fine: boolean, field: string, command: string): Refusal | null =>
  fine ? null : { field, reason: reasonOf('aws', command) };
const within = (value: number | undefined, from: number, to: number): boolean =>
  value === undefined || (value >= from && value <= to);

const rules: readonly Rule[] = [
  ({ attach }) => unlessTabled(!attach?.includes('stdin'), 'attach', 'run -i'),
  ({ secrets = [] }) => {
    const like = secrets.findIndex(({ secret }) => /-[A-Za-z0-9]{6}(#|$)/.test(secret));
    const reason =
      'a name that ends with a hyphen and six characters looks like an ARN to AWS; call the secret otherwise';
    return unless(like < 0, `secrets.${like}.secret`, reason);
  },
  ({ unsetEnv }) =>
    unless(!unsetEnv?.length, 'unsetEnv', 'Fargate keeps every variable of the image; set it to an empty value'),
  ({ groups }) => unlessTabled(!groups?.length, 'groups', 'run --group-add'),
  ({ hostname }) => unlessTabled(hostname === undefined, 'hostname', 'run --hostname'),
  ({ domainname }) => unlessTabled(domainname === undefined, 'domainname', 'run --domainname'),
  ({ dns }) => unlessTabled(dns === undefined, 'dns', 'run --dns'),
  ({ extraHosts }) => unlessTabled(!extraHosts?.length, 'extraHosts', 'run --add-host'),
  ({ noNetwork }) => unlessTabled(!noNetwork, 'noNetwork', 'run --network none'),
  ({ networks }) =>
    unless(networks.length <= mostNetworks, 'networks', `a Fargate task can be on at most ${mostNetworks} networks`),
  ({ resources }) => unlessTabled(resources.cpuShares === undefined, 'resources.cpuShares', 'run --cpu-shares'),
  ({ resources }) =>
    unlessTabled(resources.shmMiB === undefined || resources.shmMiB === 64, 'resources.shmMiB', 'run --shm-size'),
  ({ resources }) => unlessTabled(!resources.oomScoreAdj, 'resources.oomScoreAdj', 'run --oom-score-adj'),
  ({ ulimits = [] }) => {
    const other = ulimits.findIndex(({ name }) => name !== 'nofile');
    return unlessTabled(other < 0, `ulimits.${other}`, 'run --ulimit');
  },
  ({ mounts }) => {
    const kept = mounts.findIndex((mount) => mount.type === 'volume' && mount.copy === true);
    return unless(
      kept < 0,
      `mounts.${kept}.copy`,
      "a volume on EFS never takes the image's files; copy them at the start",
    );
  },
  ({ stop }) => unlessTabled(stop.signal === undefined, 'stop.signal', 'run --stop-signal'),
  ({ stop }) =>
    unless(
      stop.graceSeconds <= longestGraceSeconds,
      'stop.graceSeconds',
      `Fargate waits at most ${longestGraceSeconds} s`,
    ),
  ({ healthcheck: check }) => {
    const [field] = [
      within(check?.intervalSeconds, 5, 300) || 'intervalSeconds (5 to 300)',
      within(check?.timeoutSeconds, 2, 60) || 'timeoutSeconds (2 to 60)',
      within(check?.startPeriodSeconds, 0, 300) || 'startPeriodSeconds (0 to 300)',
      within(check?.retries, 1, 10) || 'retries (1 to 10)',
    ].filter((each) => each !== true);
    return unless(field === undefined, 'healthcheck', `ECS bounds ${field}`);
  },
];

/** The first thing that can never be met; null when there is none. */
export function refusalOf(
  spec: ContainerSpec,
  { forwarderImage }: Pick<AwsSettings, 'forwarderImage'>,
): Refusal | null {
  for (const rule of rules) {
    const refusal = rule(spec);
    if (refusal) return refusal;
  }
  const refusal = portRefusal(spec, forwarderImage !== null);
  if (refusal) return refusal;
  taskSize(spec.resources.cpus, spec.resources.memoryMiB);
  return null;
}

/** What is taken and has no effect, or another one. */
export function warningsOf(
  { resources, networks }: ContainerSpec,
  { namespaceId }: Pick<AwsSettings, 'namespaceId'>,
): string[] {
  const hasAliases = networks.some(({ aliases }) => aliases.length > 0);
  return [
    ...(resources.pids === undefined ? [] : [noteOn('aws', 'run --pids-limit')]),
    ...(hasAliases && namespaceId === null ? [noteOn('aws', 'run --network-alias')] : []),
  ];
}
