/** GET /containers/{id}/logs: as the container wrote them, line by line. */
import { AppError } from '../../domain/errors.ts';
import type { Moment } from '../../domain/moment.ts';
import { encoder, multiplexedStream, rawStream } from '../../domain/output-frames.ts';
import { getContainer } from '../../services/containers.ts';
import { type LogChunk, readLogs } from '../../services/logs.ts';
import { type Handler, streaming } from './request.ts';
import { isBefore } from './versions.ts';

export const containerLogs: Handler = async (door, request) => {
  const { ctx, params, query, version } = request;
  const streams = (['stdout', 'stderr'] as const).filter((stream) => query.flag(stream));
  if (streams.length === 0) {
    throw new AppError('invalid', 'Bad parameters: you must choose at least one stream');
  }
  const { id, spec } = await getContainer(door.deps, ctx, params.id ?? '');
  const tail = query.text('tail');
  const asked = {
    follow: query.flag('follow'),
    since: seconds('since', query.text('since')),
    until: seconds('until', query.text('until')),
    tail: tail !== undefined && /^\d+$/.test(tail) ? Number(tail) : undefined,
    streams,
  };
  const shown = { stamped: query.flag('timestamps'), detailed: query.flag('details') };
  const encode = encoder(spec.tty);
  return {
    status: 200,
    headers: { 'content-type': spec.tty || isBefore(version, '1.42') ? rawStream : multiplexedStream },
    stream: streaming(
      door,
      request,
      async function* (signal) {
        const lines = await readLogs(door.deps, ctx, id, asked, signal);
        for await (const chunk of lines) yield encode({ stream: chunk.stream, data: lineOf(chunk, shown) });
      },
      asked.follow,
    ),
  };
};

const newline = Buffer.from('\n');

/** Details are what the driver of a log was told to add, which is nothing: what is left of them is the blank that ends them. */
function lineOf(
  { at, line, ended }: LogChunk,
  { stamped, detailed }: { stamped: boolean; detailed: boolean },
): Uint8Array {
  // Times are kept in milliseconds; clients expect nine digits.
  const stamp = stamped ? `${at.toISOString().replace('Z', '000000Z')} ` : '';
  const before = Buffer.from(detailed ? `${stamp} ` : stamp);
  return Buffer.concat(ended ? [before, line, newline] : [before, line]);
}

/** Unix seconds, fractions allowed; zero and nothing mean no bound. */
function seconds(name: string, text: string | undefined): Moment | undefined {
  if (text === undefined || Number(text) === 0) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new AppError('invalid', `Invalid value for ${name}: ${JSON.stringify(text)}`);
  return { kind: 'at', unixSeconds: Number(text) };
}
