/** What a container executes: its spec and its image put together as Docker does. */
import type { ContainerSpec } from './container-spec.ts';
import type { ImageConfig } from './image.ts';

export interface Command {
  entrypoint: string[];
  command: string[];
}

/** An entrypoint of its own takes the image's command away as well; `[]` and `[""]` stand for none. */
export function commandOf(
  { entrypoint, command }: Pick<ContainerSpec, 'entrypoint' | 'command'>,
  image: Pick<ImageConfig, 'entrypoint' | 'command'> | null,
): Command {
  const own = command ?? [];
  if (entrypoint === undefined) {
    return { entrypoint: image?.entrypoint ?? [], command: own.length > 0 ? own : (image?.command ?? []) };
  }
  if (entrypoint.length === 1 && entrypoint[0] === '') return { entrypoint: [], command: own };
  if (entrypoint.length > 0) return { entrypoint, command: own };
  return { entrypoint: [], command: own.length > 0 ? own : (image?.command ?? []) };
}

/** Its health check, or null: what the spec leaves out is as the image says, and 0 where neither says anything. */
export function healthcheckOf(
  check: ContainerSpec['healthcheck'],
  image: ImageConfig['healthcheck'],
): ImageConfig['healthcheck'] {
  const command = check?.command ?? image?.command;
  if (!command || command[0] === 'NONE') return null;
  return {
    command: ['CMD', 'CMD-SHELL'].includes(command[0] ?? '') ? command : ['CMD', ...command],
    intervalSeconds: check?.intervalSeconds ?? image?.intervalSeconds ?? 0,
    timeoutSeconds: check?.timeoutSeconds ?? image?.timeoutSeconds ?? 0,
    startPeriodSeconds: check?.startPeriodSeconds ?? image?.startPeriodSeconds ?? 0,
    retries: check?.retries ?? image?.retries ?? 0,
  };
}
