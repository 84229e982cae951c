/**
 * A data channel of Session Manager: a WebSocket over which a process in a container reads and writes. It outlives its sockets:
 * after a break a new token opens another one, and both ends go on where they were. It knows nothing of what the bytes mean.
 */
import { WebSocket } from 'ws';
import type { Clock, Ids } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import type { SessionAccess } from '../providers/provider.ts';
import { ByteQueue } from './byte-queue.ts';
import { acknowledgement, handshakeResponse, openingFrame } from './frames.ts';
import { Inbox } from './inbox.ts';
import { type ChannelMessage, decodeMessage, payloadKind } from './message.ts';
import { Outbox } from './outbox.ts';

export interface ChannelSite {
  clock: Clock;
  ids: Ids;
  log: (event: string, data: Record<string, unknown>) => void;
}

/** How a channel ended: by the agent, by us, or by a network that did not come back. */
export type ChannelEnd = 'closed' | 'left' | 'lost';

const tickMs = 50;
const keepAliveMs = 5 * 60_000;
/** With something unacknowledged and nothing heard for so long, the socket is taken for dead. */
const silenceMs = 30_000;
const openMs = 15_000;
const partingMs = 3000;
/** Between attempts to come back. */
const pausesMs = [0, 200, 500, 1000, 2000, 4000];
const maxFrameBytes = 1024 * 1024;

export class DataChannel {
  /** What the process writes. Ends with the channel, however that ended. */
  readonly output: ByteQueue;
  readonly ended: Promise<ChannelEnd>;
  /** What the agent said when it closed the channel. */
  farewell = '';
  readonly #site: ChannelSite;
  readonly #resume: () => Promise<SessionAccess | null>;
  readonly #inbox = new Inbox();
  readonly #outbox: Outbox;
  readonly #end = Promise.withResolvers<ChannelEnd>();
  readonly #over = new AbortController();
  #socket: WebSocket | null = null;
  #heardAt: number;
  #pingedAt: number;

  /** @param resume a new access to the same channel; null when there is none any more */
  constructor(site: ChannelSite, access: SessionAccess, resume: () => Promise<SessionAccess | null>) {
    this.#site = site;
    this.#resume = resume;
    this.#heardAt = site.clock.now();
    this.#pingedAt = this.#heardAt;
    this.#outbox = new Outbox(site, (bytes) => this.#transmit(bytes));
    this.output = new ByteQueue((full) => (full ? this.#socket?.pause() : this.#socket?.resume()));
    this.ended = this.#end.promise;
    void this.#keepOpen(access);
    void this.#tend();
  }

  /** In pieces that the agent takes. Resolves when the last one was sent; throws conflict when the channel is over. */
  async send(pieces: Iterable<Buffer>): Promise<void> {
    for (const piece of pieces) {
      await this.#outbox.room();
      if (this.#over.signal.aborted) throw new AppError('conflict', 'The process takes no more input');
      this.#outbox.send(payloadKind.data, piece);
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#outbox.room();
    if (this.#over.signal.aborted) return;
    this.#outbox.send(payloadKind.size, Buffer.from(JSON.stringify({ cols: columns, rows })));
  }

  close(): void {
    this.#finish('left');
  }

  /** When nothing more is expected: the agent is about to close it. */
  closeSoon(): void {
    void this.#site.clock.sleep(partingMs, this.#over.signal).then(() => this.#finish('left'));
  }

  /** One socket after the other, until the channel is over. */
  async #keepOpen(first: SessionAccess): Promise<void> {
    let access: SessionAccess | null = first;
    while (access && !this.#over.signal.aborted) {
      try {
        await this.#live(access);
      } catch (error) {
        this.#site.log('a data channel has an address that is none', { err: error });
        break;
      }
      if (this.#over.signal.aborted) return;
      this.#site.log('a data channel broke off', {});
      access = await this.#comeBack();
    }
    this.#finish('lost');
  }

  /** Resolves when this socket is gone. */
  #live({ streamUrl, token }: SessionAccess): Promise<void> {
    const socket = new WebSocket(streamUrl, {
      ...{ handshakeTimeout: openMs, maxPayload: maxFrameBytes, perMessageDeflate: false },
    });
    this.#socket = socket;
    return new Promise((resolve) => {
      socket.on('error', (error) => this.#site.log('a data channel has an error', { err: error }));
      socket.once('close', () => resolve());
      socket.on('message', (data: Buffer, isBinary: boolean) => isBinary && this.#receive(data));
      socket.once('open', () => {
        this.#heardAt = this.#site.clock.now();
        socket.send(openingFrame(token, this.#site.ids));
        if (this.output.isFull) socket.pause();
        this.#outbox.resendAll();
      });
    });
  }

  async #comeBack(): Promise<SessionAccess | null> {
    for (const pauseMs of pausesMs) {
      await this.#site.clock.sleep(pauseMs, this.#over.signal);
      if (this.#over.signal.aborted) return null;
      try {
        return await this.#resume();
      } catch (error) {
        this.#site.log('a data channel cannot be resumed', { err: error });
      }
    }
    return null;
  }

  #receive(data: Buffer): void {
    this.#heardAt = this.#site.clock.now();
    const message = decodeMessage(data);
    // What is unreadable is not acknowledged, and so comes again.
    if (!message) return;
    switch (message.type) {
      case 'output_stream_data':
        this.#take(message);
        break;
      case 'acknowledge':
        this.#outbox.acknowledged(numberIn(message.payload));
        break;
      case 'pause_publication':
      case 'start_publication':
        this.#outbox.pause(message.type === 'pause_publication');
        break;
      case 'channel_closed':
        this.farewell = String(fieldsOf(message.payload).Output ?? '');
        this.#finish('closed');
    }
  }

  #take(message: ChannelMessage): void {
    const { taken, ready } = this.#inbox.take(message);
    if (taken) this.#transmit(acknowledgement(message, this.#site));
    for (const each of ready) this.#read(each);
  }

  #read(message: ChannelMessage): void {
    if (message.payloadKind === payloadKind.data) this.output.push(message.payload);
    else if (message.payloadKind === payloadKind.handshakeRequest) this.#greet(message.payload);
    else if (message.payloadKind !== payloadKind.handshakeComplete) {
      this.#site.log('a data channel has a payload that is not known', { kind: message.payloadKind });
    }
  }

  #greet(payload: Buffer): void {
    const { response, refused } = handshakeResponse(fieldsOf(payload));
    this.#outbox.send(payloadKind.handshakeResponse, response);
    for (const action of refused) this.#site.log('a data channel wants what is not supported', { action });
  }

  #transmit(bytes: Buffer): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes);
  }

  async #tend(): Promise<void> {
    const { clock } = this.#site;
    while (!this.#over.signal.aborted) {
      await clock.sleep(tickMs, this.#over.signal);
      this.#outbox.resend();
      const now = clock.now();
      if (this.output.isFull) this.#heardAt = now;
      if (this.#outbox.isWaiting && now - this.#heardAt > silenceMs) this.#socket?.terminate();
      if (now - this.#pingedAt < keepAliveMs || this.#socket?.readyState !== WebSocket.OPEN) continue;
      this.#pingedAt = now;
      this.#socket.ping('keepalive');
    }
  }

  #finish(end: ChannelEnd): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#outbox.close();
    this.output.end();
    this.#socket?.close();
    // A peer that does not answer the close is not waited for.
    void this.#site.clock.sleep(openMs).then(() => this.#socket?.terminate());
    this.#end.resolve(end);
  }
}

function numberIn(payload: Buffer): number {
  const { AcknowledgedMessageSequenceNumber: sequence } = fieldsOf(payload);
  return typeof sequence === 'number' ? sequence : -1;
}

function fieldsOf(payload: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(payload.toString());
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
