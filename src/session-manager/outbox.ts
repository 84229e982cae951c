/**
 * What is sent on a data channel: numbered, kept until it is acknowledged, and sent again while it is not. The agent takes
 * nothing at all until its terminal is there, so that sending again is no exception.
 */
import type { Clock, Ids } from '../domain/clock.ts';
import { encodeMessage, type payloadKind } from './message.ts';

interface Pending {
  bytes: Buffer;
  sentAt: number;
  /** Null until it is sent for the first time. */
  dueAt: number | null;
  waitMs: number;
  again: boolean;
}

/** Unacknowledged messages beyond which a writer waits. */
const window = 256;
const firstWaitMs = 200;
const shortestWaitMs = 50;
const longestWaitMs = 1000;
/** Sent again in one go at most. */
const burst = 32;

export class Outbox {
  readonly #site: { clock: Clock; ids: Ids };
  readonly #transmit: (bytes: Buffer) => void;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #paused = false;
  #closed = false;
  #roundTripMs: number | null = null;
  #deviationMs = 0;
  #change = Promise.withResolvers<void>();

  constructor(site: { clock: Clock; ids: Ids }, transmit: (bytes: Buffer) => void) {
    this.#site = site;
    this.#transmit = transmit;
  }

  /** Whether something waits for its acknowledgement. */
  get isWaiting(): boolean {
    return !this.#paused && this.#pending.size > 0;
  }

  /** Resolves when one more message may be sent, or once nothing is sent any more. */
  async room(): Promise<void> {
    while (!this.#closed && (this.#paused || this.#pending.size >= window)) await this.#change.promise;
  }

  send(kind: (typeof payloadKind)[keyof typeof payloadKind], payload: Buffer): void {
    const sequence = this.#next;
    this.#next += 1;
    const now = this.#site.clock.now();
    const bytes = encodeMessage({
      ...{ type: 'input_stream_data', createdAtMs: now, sequence, flags: sequence === 0 ? 1 : 0 },
      ...{ id: this.#site.ids.uuid(), payloadKind: kind, payload },
    });
    const message = { bytes, sentAt: now, dueAt: null, waitMs: this.#waitMs(), again: false };
    this.#pending.set(sequence, message);
    if (!this.#paused) this.#put(message, now);
  }

  acknowledged(sequence: number): void {
    const message = this.#pending.get(sequence);
    if (!message) return;
    this.#pending.delete(sequence);
    // Which of two sendings an acknowledgement is for cannot be told.
    if (!message.again) this.#measure(this.#site.clock.now() - message.sentAt);
    this.#wake();
  }

  /** The agent asks for silence, or ends it. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.resend();
    this.#wake();
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#closed = true;
    this.#pending.clear();
    this.#wake();
  }

  /** Sends what is overdue; to be called often. */
  resend(): void {
    if (this.#paused) return;
    const now = this.#site.clock.now();
    let sent = 0;
    for (const message of this.#pending.values()) {
      if (sent === burst) return;
      if (message.dueAt !== null && message.dueAt > now) continue;
      message.again = message.dueAt !== null;
      if (message.again) message.waitMs = Math.min(2 * message.waitMs, longestWaitMs);
      this.#put(message, now);
      sent += 1;
    }
  }

  /** After a new connection: everything that the old one may have lost. */
  resendAll(): void {
    for (const message of this.#pending.values()) message.dueAt = message.dueAt === null ? null : 0;
    this.resend();
  }

  #put(message: Pending, now: number): void {
    message.sentAt = now;
    message.dueAt = now + message.waitMs;
    this.#transmit(message.bytes);
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  /** https://datatracker.ietf.org/doc/html/rfc6298 */
  #measure(tripMs: number): void {
    if (this.#roundTripMs === null) {
      this.#roundTripMs = tripMs;
      this.#deviationMs = tripMs / 2;
      return;
    }
    this.#deviationMs += (Math.abs(this.#roundTripMs - tripMs) - this.#deviationMs) / 4;
    this.#roundTripMs += (tripMs - this.#roundTripMs) / 8;
  }

  #waitMs(): number {
    if (this.#roundTripMs === null) return firstWaitMs;
    const wait = this.#roundTripMs + 4 * this.#deviationMs;
    return Math.min(Math.max(wait, shortestWaitMs), longestWaitMs);
  }
}
