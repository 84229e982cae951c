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
const refusing = (command: string): string => reasonOf('aws', command);
const unless = (fine: boolean, field: string, reason: string): Refusal | null => (fine ? null : { field, reason });
const within = (value: number | undefined, from: number, to: number): boolean =>
  value === undefined || (value >= from && value <= to);

const rules: readonly Rule[] = [
  ({ attach }) => unless(!attach?.includes('stdin'), 'attach', refusing('run -i')),
  ({ secrets = [] }) => {
    const like = secrets.findIndex(({ secret }) => /-[A-Za-z0-9]{6}(#|$)/.test(secret));
    const reason =
      'a name that ends with a hyphen and six characters looks like an ARN to AWS; call the secret otherwise';
    return unless(like < 0, `secrets.${like}.secret`, reason);
  },
  ({ unsetEnv }) =>
    unless(!unsetEnv?.length, 'unsetEnv', 'Fargate keeps every variable of the image; set it to an empty value'),
  ({ groups }) => unless(!groups?.length, 'groups', refusing('run --group-add')),
  ({ hostname }) => unless(hostname === undefined, 'hostname', refusing('run --hostname')),
  ({ domainname }) => unless(domainname === undefined, 'domainname', refusing('run --domainname')),
  ({ dns }) => unless(dns === undefined, 'dns', refusing('run --dns')),
  ({ extraHosts }) => unless(!extraHosts?.length, 'extraHosts', refusing('run --add-host')),
  ({ noNetwork }) => unless(!noNetwork, 'noNetwork', refusing('run --network none')),
  ({ networks }) =>
    unless(networks.length <= mostNetworks, 'networks', `a Fargate task can be on at most ${mostNetworks} networks`),
  ({ resources }) => unless(resources.cpuShares === undefined, 'resources.cpuShares', refusing('run --cpu-shares')),
  ({ resources }) =>
    unless(resources.shmMiB === undefined || resources.shmMiB === 64, 'resources.shmMiB', refusing('run --shm-size')),
  ({ resources }) => unless(!resources.oomScoreAdj, 'resources.oomScoreAdj', refusing('run --oom-score-adj')),
  ({ ulimits = [] }) => {
    const other = ulimits.findIndex(({ name }) => name !== 'nofile');
    return unless(other < 0, `ulimits.${other}`, refusing('run --ulimit'));
  },
  ({ mounts }) => {
    const kept = mounts.findIndex((mount) => mount.type === 'volume' && mount.copy === true);
    return unless(
      kept < 0,
      `mounts.${kept}.copy`,
      "a volume on EFS never takes the image's files; copy them at the start",
    );
  },
  ({ stop }) => unless(stop.signal === undefined, 'stop.signal', refusing('run --stop-signal')),
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
