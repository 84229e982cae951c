/**
 * What a build machine runs: a script of ours in the folder of the build's files. Lines of the builder come marked, so that nothing a step
 * says passes for what the script says. The machine is new for each build, and no two tenants share a step. Pure.
 */
import type { BuildInput } from '../../provider.ts';

/** The same for every build: nothing of a tenant is in a request that AWS records. */
export const buildspec = JSON.stringify({ version: 0.2, phases: { build: { commands: ['sh ./build.sh'] } } });
export const scriptName = 'build.sh';
/** Followed by a number of four digits. */
export const contextName = 'context.';

export interface MachineBuild {
  input: BuildInput;
  /** Host of the registry. */
  registry: string;
  /** Pinned references of the images that it begins with. */
  bases: string[];
  /** Where the result goes: `registry/repository:tag`. */
  target: string;
  /** Begins what is for us, without anything that a shell or sed reads. */
  mark: string;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function machineScript({ input, registry, bases, target, mark }: MachineBuild): string {
  const names = [...bases, target].map(quoted).join(' ');
  return [
    // The builder whose steps and errors are those of an Engine. Nothing of the machine's environment is for a step.
    `m=${mark}; export DOCKER_BUILDKIT=0`,
    `leave() { docker rmi -f ${names} >/dev/null 2>&1; exit "$1"; }`,
    `fail() { echo "$m!$1"; leave 1; }`,
    `aws ecr get-login-password --region "$AWS_REGION" | docker login --username AWS --password-stdin ${quoted(registry)} >/dev/null 2>&1 || fail login`,
    ...bases.map((base) => `docker pull -q ${quoted(base)} >/dev/null 2>&1 || fail base`),
    `{ cat ${contextName}* | docker build ${argumentsOf(input).map(quoted).join(' ')} -; echo $? >code; } 2>&1 | sed -u "s/^/$m>/"`,
    'c=$(cat code); echo "$m!code $c"; [ "$c" = 0 ] || leave 1',
    `docker tag "$(cat image)" ${quoted(target)} && docker push -q ${quoted(target)} >/dev/null 2>&1 || fail push`,
    'echo "$m!done"; leave 0',
    '',
  ].join('\n');
}

const cpuPeriodMicroseconds = 100_000;

function argumentsOf(input: BuildInput): string[] {
  const { buildArgs, labels, target, network, extraHosts, memoryMiB, cpus, shmMiB } = input;
  // An argument without a value would take it from the machine's environment.
  const given = Object.entries(buildArgs).filter(([, value]) => value !== null);
  return [
    ...['--no-cache', '--rm', '--force-rm', '--iidfile', 'image', '--file', input.dockerfilePath],
    ...given.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...(target === null ? [] : ['--target', target]),
    ...(network === null ? ['--network', 'none'] : []),
    ...extraHosts.flatMap((host) => ['--add-host', host]),
    ...['--memory', `${memoryMiB}m`, '--memory-swap', `${memoryMiB}m`],
    ...['--cpu-period', String(cpuPeriodMicroseconds), '--cpu-quota', String(Math.round(cpus * cpuPeriodMicroseconds))],
    ...(shmMiB === null ? [] : ['--shm-size', `${shmMiB}m`]),
  ];
}
