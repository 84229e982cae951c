/** POST /containers/{id}/attach: the container's own input and output. */
import type { Readable } from 'node:stream';
import { attachContainer } from '../../services/attach.ts';
import { getContainer } from '../../services/containers.ts';
import { type Opener, opened } from './hijack.ts';

/** Some clients repeat the query as a body, which is no input for the process. */
async function discard(body: Readable): Promise<void> {
  for await (const _ of body.iterator({ destroyOnReturn: false }));
}

/** Docker's: single characters or `ctrl-x`, separated by commas. */
const keys = /^(?:ctrl-[a-z@[\\\]^_]|[a-zA-Z])(?:,(?:ctrl-[a-z@[\\\]^_]|[a-zA-Z]))*$/;

export const attach: Opener = async (door, request) => {
  const { ctx, params, query } = request;
  const container = await getContainer(door.deps, ctx, params.id ?? '');
  const detachKeys = query.text('detachKeys');
  const stdin = query.flag('stdin') && container.spec.stdin;
  if (request.header('content-length') !== undefined) await discard(request.body());
  const input = {
    stdin,
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
    logs: query.flag('logs'),
    stream: query.flag('stream'),
    detachKeys: detachKeys !== undefined && keys.test(detachKeys) ? detachKeys : undefined,
  };
  return opened(door, request, container.spec.tty, stdin, (signal) =>
    attachContainer(door.deps, ctx, container, input, signal),
  );
};
