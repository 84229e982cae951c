/** Answers of handlers as HTTP: as fetch's Response, or as the bytes of a connection that was to be upgraded and is not. */
import { answerHead } from '../answer-head.ts';
import type { DockerAnswer } from './request.ts';
import { NEWEST_API } from './versions.ts';

/** On every answer, refusals included: clients negotiate with whatever they get first. */
export const commonHeaders = {
  'api-version': NEWEST_API,
  ostype: 'linux',
  'docker-experimental': 'false',
  server: 'Longshore',
};

function headersOf({ headers, json }: DockerAnswer): Record<string, string> {
  return { ...commonHeaders, ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers };
}

/** @param cut destroys the connection, so that nobody takes half of a stream for the whole */
export function toResponse(answer: DockerAnswer, cut: (reason: unknown) => void): Response {
  const { status, json, stream } = answer;
  const body = stream ? pulled(stream, cut) : json === undefined ? null : JSON.stringify(json);
  return new Response(body, { status, headers: headersOf(answer) });
}

function pulled(stream: AsyncIterable<Uint8Array>, cut: (reason: unknown) => void): ReadableStream<Uint8Array> {
  const source = stream[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await source.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          cut(error);
          controller.error(error);
        }
      },
      async cancel() {
        await source.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The whole answer as bytes, after which the connection ends. Only for answers without a stream. */
export function toBytes(answer: DockerAnswer): Buffer {
  const { status, json } = answer;
  const body = Buffer.from(json === undefined ? '' : JSON.stringify(json));
  const headers = { ...headersOf(answer), 'content-length': String(body.length), connection: 'close' };
  return Buffer.concat([Buffer.from(answerHead(status, headers)), body]);
}
