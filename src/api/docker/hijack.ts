/**
 * Connections that carry a process's input and output in both directions: after `101 UPGRADED`, or as the body of a plain
 * answer for clients that do not upgrade. Neither side is read faster than the other takes it; either may end first.
 */
import type { IncomingMessage } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import { AppError } from '../../domain/errors.ts';
import { encoder, frameHeader, multiplexedStream, rawStream } from '../../domain/output-frames.ts';
import type { Session } from '../../services/exec.ts';
import type { OpenStream } from '../../services/streams.ts';
import { answerHead } from '../answer-head.ts';
import { isPlain } from '../raw-http.ts';
import { commonHeaders } from './answer.ts';
import type { DockerAnswer, DockerRequest, Door } from './request.ts';
import { isBefore } from './versions.ts';

/** A session that is ready: what its process writes from now on is not lost. */
export interface Opened {
  session: Session;
  /** Raw bytes instead of frames. */
  tty: boolean;
  /** Whether what the client sends goes to the process. */
  input: boolean;
  contentType: string;
  stream: OpenStream;
}

export type Opener = (door: Door, request: DockerRequest) => Promise<Opened | DockerAnswer>;

export const isOpened = (answer: Opened | DockerAnswer): answer is Opened => 'session' in answer;

/** Whether a request is for a connection in both directions: an upgrade of attach or exec start, or attach's WebSocket. */
export function opensHijack(request: IncomingMessage): boolean {
  const { method, url = '', headers } = request;
  if (headers.upgrade === undefined || !isPlain(request)) return false;
  if (isWebSocket(request)) return /^(\/v\d+\.\d+)?\/containers\/[^?]+\/attach\/ws(\?|$)/.test(url);
  return method === 'POST' && /^(\/v\d+\.\d+)?\/(containers\/[^?]+\/attach|exec\/[^?/]+\/start)(\?|$)/.test(url);
}

export const isWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';

/** Takes a stream of the tenant and opens the session within it. @param open gets the signal that ends it */
export async function opened(
  { streams }: Door,
  { ctx, version }: DockerRequest,
  tty: boolean,
  input: boolean,
  open: (signal: AbortSignal) => Promise<Session>,
): Promise<Opened> {
  const stream = streams.open(ctx);
  try {
    const contentType = tty || isBefore(version, '1.42') ? rawStream : multiplexedStream;
    return { session: await open(stream.signal), tty, input, contentType, stream };
  } catch (error) {
    stream.end();
    throw error;
  }
}

/** The answer of a client that did not ask for an upgrade: its body is the input, ours the output. */
export function plainly(given: Opened, body: Readable): DockerAnswer {
  return { status: 200, headers: { 'content-type': given.contentType }, stream: outputOf(given, body) };
}

async function* outputOf(given: Opened, body: Readable): AsyncGenerator<Uint8Array, void, void> {
  const { session, stream, tty } = given;
  try {
    void takeInput(given, body);
    const encode = encoder(tty);
    for await (const output of session.output) yield encode(output);
    stream.signal.throwIfAborted();
  } finally {
    session.close();
    stream.end();
  }
}

/** How long a client that still sends is listened to after the end, before the connection is cut. */
const LINGER_MS = 2_000;

/** To be sent before a connection is relayed that the client asked to have upgraded. */
export function agreement({ contentType }: Opened): string {
  const headers = { 'content-type': contentType, connection: 'Upgrade', upgrade: 'tcp', ...commonHeaders };
  return answerHead(101, headers, 'UPGRADED');
}

/** Carries bytes until the process, the client or the key ends. */
export async function relay(given: Opened, socket: Duplex): Promise<void> {
  const { session, stream } = given;
  try {
    void takeInput(given, socket);
    await giveOutput(given, socket);
    if (stream.signal.aborted) return void socket.destroy();
    // Destroyed while the client still sends, the connection would be reset and the end of the output lost.
    socket.end();
    socket.resume();
    const cut = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(cut));
    socket.once('end', () => socket.destroy());
    if (socket.readableEnded) socket.once('finish', () => socket.destroy());
  } finally {
    session.close();
    stream.end();
  }
}

async function giveOutput({ session, tty, stream }: Opened, socket: Duplex): Promise<void> {
  for await (const output of session.output) {
    // Header and data in one write, and the data is not copied: it may be very much.
    socket.cork();
    if (!tty) socket.write(frameHeader(output));
    const takesMore = socket.write(output.data);
    socket.uncork();
    if (!takesMore) await drained(socket, stream.signal);
    if (stream.signal.aborted) return;
  }
}

function drained(socket: Duplex, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    socket.on('drain', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

/** A process that ended, or closed its input, takes no more: its output and exit code are what the client wants to know. */
async function takeInput({ session, input, stream }: Opened, source: Readable): Promise<void> {
  try {
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      if (input) await session.write(chunk);
    }
    if (input) await session.endInput();
  } catch (error) {
    const isOver = error instanceof AppError && (error.code === 'conflict' || error.code === 'not_found');
    if (!isOver && !source.destroyed) stream.end();
    if (isOver) source.resume();
  }
}

/**
 * The body of a request to be upgraded: Content-Length bytes from what came with its head and from the connection. What
 * follows them is put back, for it is the process's input.
 */
export function afterHead(incoming: IncomingMessage, socket: Duplex, head: Buffer): () => Readable {
  if (head.length > 0) socket.unshift(head);
  const length = Number(incoming.headers['content-length'] ?? 0);
  return () => {
    if (incoming.headers['transfer-encoding'] !== undefined) {
      throw new AppError('invalid', 'Send the body of an upgraded request with a Content-Length');
    }
    return Readable.from(firstBytes(socket, length));
  };
}

async function* firstBytes(socket: Duplex, length: number): AsyncGenerator<Buffer, void, void> {
  let left = length;
  if (left === 0) return;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const taken: Buffer = chunk.subarray(0, left);
    left -= taken.length;
    if (chunk.length > taken.length) socket.unshift(chunk.subarray(taken.length));
    yield taken;
    if (left === 0) return;
  }
}
