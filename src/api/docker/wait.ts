/** POST /containers/{id}/wait: the headers go out at once, for clients start the container only then; the body at the end. */
import { AppError } from '../../domain/errors.ts';
import { getContainer } from '../../services/containers.ts';
import { exitConditions, waitForExit } from '../../services/wait.ts';
import { jsonLine } from '../encoding.ts';
import { type Handler, streaming } from './request.ts';

export const waitContainer: Handler = async (door, request) => {
  const { ctx, params, query } = request;
  const condition = exitConditions.find((known) => known === (query.text('condition') ?? 'not-running'));
  if (!condition) throw new AppError('invalid', `invalid condition: ${JSON.stringify(query.text('condition'))}`);
  const container = await getContainer(door.deps, ctx, params.id ?? '');
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: streaming(door, request, async function* (signal) {
      const end = await waitForExit(door.deps, container, condition, signal);
      if (end) yield jsonLine({ StatusCode: end.exitCode, Error: end.error && { Message: end.error } });
    }),
  };
};
