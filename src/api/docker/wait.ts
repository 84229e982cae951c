/** POST /containers/{id}/wait: the headers go out at once, for clients start the container only then; the body at the end. */
import { AppError } from '../../domain/errors.ts';
import { getContainer, recallContainer } from '../../services/containers.ts';
import { exitConditions, waitForExit } from '../../services/wait.ts';
import { jsonLine } from '../encoding.ts';
import { type DockerRequest, type Door, type Handler, streaming } from './request.ts';

export const waitContainer: Handler = async (door, request) => {
  const { params, query } = request;
  const condition = exitConditions.find((known) => known === (query.text('condition') ?? 'not-running'));
  if (!condition) throw new AppError('invalid', `invalid condition: ${JSON.stringify(query.text('condition'))}`);
  const container = await find(door, request, params.id ?? '');
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: streaming(door, request, async function* (signal) {
      const end = await waitForExit(door.deps, container, condition, signal);
      if (end) yield jsonLine({ StatusCode: end.exitCode, Error: end.error && { Message: end.error } });
    }),
  };
};

/** One that removed itself is remembered by its full id: who asks a moment too late still hears how it ended. */
async function find({ deps }: Door, { ctx }: DockerRequest, reference: string) {
  try {
    return await getContainer(deps, ctx, reference);
  } catch (error) {
    const isMissing = error instanceof AppError && error.code === 'not_found';
    if (!isMissing || !/^[0-9a-f]{64}$/.test(reference)) throw error;
    return recallContainer(deps, ctx, reference);
  }
}
