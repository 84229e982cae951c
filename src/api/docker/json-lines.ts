/** Progress as clients read it: one JSON document a line. Once the first is out, a failure can only be the last. */
import { asAppError } from '../errors.ts';
import type { DockerRequest } from './request.ts';

/** Ends after an error, with a line that says so. */
export async function* jsonLines(request: DockerRequest, lines: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const encoded = (line: object) => encoder.encode(`${JSON.stringify(line)}\r\n`);
  try {
    for await (const line of lines) yield encoded(line);
  } catch (error) {
    if (request.ctx.signal.aborted) throw error;
    const appError = asAppError(error);
    if (appError.code === 'internal') request.ctx.log.error({ err: error }, 'request failed');
    const { exitCode } = appError.details;
    const message = appError.code === 'internal' ? `${appError.message} (${request.ctx.requestId})` : appError.message;
    const code = typeof exitCode === 'number' ? { code: exitCode } : {};
    yield encoded({ errorDetail: { ...code, message }, error: message });
  }
}

/** The same, but what is thrown before the first line is thrown to the caller, who can still answer with a status. */
export async function startedLines(
  request: DockerRequest,
  lines: AsyncGenerator<object>,
): Promise<AsyncIterable<Uint8Array>> {
  const first = await lines.next();
  return jsonLines(
    request,
    (async function* () {
      try {
        if (!first.done) yield first.value;
        yield* lines;
      } finally {
        await lines.return(undefined);
      }
    })(),
  );
}
