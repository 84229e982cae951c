/** What a spec may ask for: the operator's defaults and bounds, and what the provider can do at all. */
import type { Limits } from '../context.ts';
import { commandOf } from '../domain/container-command.ts';
import { type ContainerSpec, LONGEST_EXECUTABLE } from '../domain/container-spec.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import type { ImageConfig } from '../domain/image.ts';
import type { Provider } from '../providers/provider.ts';

/** As JSON: a thousand of them are one page of a list. */
const MAX_SPEC_CHARACTERS = 256 * 1024;

/** Fills in what the operator gives a container that states no limits. */
export function withDefaults(spec: ContainerSpec, limits: Limits): ContainerSpec {
  return { ...spec, resources: { ...limits.defaults, ...spec.resources } };
}

/** Throws too_large, and else naming the offending field: limit above the operator's bounds, unsupported or forbidden with what to do instead. */
export function checkSupported(spec: ContainerSpec, provider: Provider, limits: Limits): void {
  const { features } = provider;
  if (JSON.stringify(spec).length > MAX_SPEC_CHARACTERS) {
    throw new AppError(
      'too_large',
      `A container may be described by at most ${MAX_SPEC_CHARACTERS} characters of JSON`,
    );
  }
  const bounds = [
    ['memoryMiB', Math.min(limits.maxima.memoryMiB, features.maxMemoryMiB ?? Number.POSITIVE_INFINITY)],
    ['cpus', Math.min(limits.maxima.cpus, features.maxCpus ?? Number.POSITIVE_INFINITY)],
    ['pids', limits.maxima.pids],
  ] as const;
  for (const [field, most] of bounds) {
    if ((spec.resources[field] ?? 0) > most) throw refuse('limit', `resources.${field}`, `at most ${most} is allowed`);
  }
  spec.mounts.forEach((mount, position) => {
    // Whether a path of the host may be mounted is asked for each (binds.ts).
    if (mount.type !== 'bind' && !features.mountTypes.includes(mount.type)) {
      throw refuse('unsupported', `mounts.${position}`, lacking(provider.name, `mounts.${mount.type}`).message);
    }
  });
  checkSecrets(spec, features.secrets === true);
  if (spec.noNetwork && spec.networks.length > 0) throw refuse('invalid', 'noNetwork', 'goes without networks');
  const { memoryMiB = 0, memoryReservationMiB = 0, shmMiB = 0 } = spec.resources;
  if (memoryReservationMiB > memoryMiB) {
    throw refuse('invalid', 'resources.memoryReservationMiB', 'must not be above memoryMiB');
  }
  if (shmMiB > limits.maxima.memoryMiB) {
    throw refuse('limit', 'resources.shmMiB', `at most ${limits.maxima.memoryMiB} is allowed`);
  }
  const refusal = features.refusalOf?.(spec);
  if (refusal) throw refuse('unsupported', refusal.field, refusal.reason);
  const targets = spec.mounts.map((mount) => mount.target);
  const twice = targets.findIndex((target, position) => targets.indexOf(target) !== position);
  if (twice !== -1) throw refuse('invalid', `mounts.${twice}.target`, `${targets[twice]} is mounted twice`);
}

function checkSecrets({ secrets = [], env }: ContainerSpec, areThere: boolean): void {
  if (secrets.length > 0 && !areThere) {
    throw refuse('unsupported', 'secrets', 'there is no store of secrets here; use env');
  }
  const names = secrets.map(({ name }) => name);
  const twice = names.findIndex((name, position) => name in env || names.indexOf(name) !== position);
  if (twice >= 0) throw refuse('invalid', `secrets.${twice}.name`, `${names[twice]} is given twice`);
}

/** Throws invalid where the spec and its image would execute nothing, or something that is too long for a path. */
export function checkExecutable({ entrypoint, command }: ContainerSpec, image: ImageConfig): void {
  const whole = commandOf({ entrypoint, command }, image);
  const [executable] = [...whole.entrypoint, ...whole.command];
  if (executable === undefined) {
    throw refuse('invalid', 'command', 'No command specified: neither the container nor its image says what to run');
  }
  if (executable.length <= LONGEST_EXECUTABLE) return;
  const path = entrypoint?.length ? 'entrypoint.0' : 'command.0';
  throw refuse('invalid', path, `what is executed may have at most ${LONGEST_EXECUTABLE} characters`);
}

function refuse(code: 'limit' | 'forbidden' | 'unsupported' | 'invalid', path: string, message: string): AppError {
  return new AppError(code, `${path}: ${message}`, { details: { fields: [{ path, message }] } });
}
