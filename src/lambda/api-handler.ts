/** The whole API behind API Gateway: an event becomes a request, its answer a stream, and nothing is left to do after it. */
import { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { asAppError } from '../api/errors.ts';
import { problemOf } from '../api/raw-http.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../context.ts';
import { systemIds } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import { createLog } from '../log.ts';
import { openDoors } from './doors.ts';
import { functionDeps, once } from './function-deps.ts';
import { readEvent, toFetch } from './gateway-request.ts';
import { type BeginAnswer, Invocation } from './invocation.ts';
import { quietDb } from './quiet-db.ts';

/** What Lambda streams at most. */
const MAX_ANSWER_BYTES = 200 * 1024 * 1024;

export type ApiHandler = (
  event: unknown,
  output: Writable,
  context: { getRemainingTimeInMillis(): number },
) => Promise<void>;

/** Rejects when an answer breaks off, so that nobody takes half of it for the whole. @param makeDeps at the first invocation */
export function createApiHandler(config: Config, begin: BeginAnswer, makeDeps = functionDeps): ApiHandler {
  const log = createLog(config.LONGSHORE_LOG_LEVEL);
  const site = once(async () => openSite(await makeDeps(config)));
  let quiet = async (): Promise<void> => {};

  async function respond(event: unknown, invocation: Invocation, cut: AbortController): Promise<Response> {
    try {
      const read = readEvent(event);
      const { incoming } = read;
      incoming.socket.once('close', () => cut.abort());
      const outgoing = new ServerResponse(incoming);
      outgoing.assignSocket(incoming.socket);
      const { doors, ...opened } = await site();
      quiet = opened.quiet;
      const app = await doors(incoming.url ?? '/');
      return bounded(await app.fetch(toFetch(read, invocation.signal), { incoming, outgoing }));
    } catch (error) {
      const appError = asAppError(error);
      // What is wrong with a request is told to who sent it: anybody can.
      if (!['invalid', 'too_large'].includes(appError.code)) {
        log.error({ err: error }, 'a request failed before it reached the API');
      }
      const { status, headers, body } = problemOf(systemIds, appError, pathOf(event));
      return new Response(body, { status, headers });
    }
  }

  return async (event, output, context) => {
    using invocation = new Invocation(output, context.getRemainingTimeInMillis());
    const cut = new AbortController();
    try {
      await invocation.answer(begin, await respond(event, invocation, cut), cut.signal);
    } finally {
      await quiet();
    }
  };
}

function openSite(deps: Deps) {
  const { db, quiet } = quietDb(deps.db);
  return { doors: openDoors({ ...deps, db, listening: { tlsPort: null, twoWay: false } }), quiet };
}

/** Refused rather than cut in the middle. */
function bounded(response: Response): Response {
  if (Number(response.headers.get('content-length') ?? 0) <= MAX_ANSWER_BYTES) return response;
  throw new AppError('too_large', `This address answers with at most ${MAX_ANSWER_BYTES} bytes`);
}

function pathOf(event: unknown): string {
  const path = typeof event === 'object' && event !== null && 'path' in event ? event.path : null;
  return typeof path === 'string' ? path : '/';
}
