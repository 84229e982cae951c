/** What arrives on a data channel, in the order of its numbers: early messages wait, doubled ones are dropped. Pure. */
import type { ChannelMessage } from './message.ts';

/** The most that may wait for a number that is missing: the other end is a tenant's container, and may leave one out. */
const maxEarly = 10_000;
const maxEarlyBytes = 16 * 1024 * 1024;

export class Inbox {
  readonly #early = new Map<number, ChannelMessage>();
  #expected = 0;
  #earlyBytes = 0;

  /**
   * Those that can be read now. `taken` is false for one that finds no room and must come again; whatever was taken, or was
   * known already, is to be acknowledged.
   */
  take(message: ChannelMessage): { taken: boolean; ready: ChannelMessage[] } {
    const { sequence } = message;
    if (sequence < this.#expected || this.#early.has(sequence)) return { taken: true, ready: [] };
    const isFull = this.#early.size >= maxEarly || this.#earlyBytes + message.payload.length > maxEarlyBytes;
    if (sequence > this.#expected && isFull) return { taken: false, ready: [] };
    this.#early.set(sequence, message);
    this.#earlyBytes += message.payload.length;
    const ready: ChannelMessage[] = [];
    for (let next = this.#early.get(this.#expected); next; next = this.#early.get(this.#expected)) {
      this.#early.delete(this.#expected);
      this.#earlyBytes -= next.payload.length;
      this.#expected += 1;
      ready.push(next);
    }
    return { taken: true, ready };
  }
}
