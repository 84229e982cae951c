/**
 * One reader of a tenant's events for all who follow them in this process: an event costs one question to the database, however
 * many wait for it. Keeps the newest; who is further behind reads for himself.
 */
import type { Deps } from '../context.ts';
import { readEvents } from '../db/events.ts';
import type { TenantEvent } from '../domain/event.ts';
import { eventsTopic } from '../domain/wakeups.ts';

/** Events of other processes are found by looking. */
const POLL_MS = 1000;
const PAGE = 500;
const KEPT = 1000;

export interface Feed extends Disposable {
  /** All behind that number, as far as they were read. Null: some are not kept any more, or nothing was read yet. */
  after(seq: number): TenantEvent[] | null;
  /** Until there is more, for at most so long. To be called at once after `after`. */
  more(ms: number, signal: AbortSignal): Promise<void>;
}

class Reader {
  followers = 0;
  readonly #deps: Deps;
  readonly #tenantId: string;
  readonly #over = new AbortController();
  /** Without gaps, up to the head. */
  #events: TenantEvent[] = [];
  /** The newest number that was looked at. */
  #head: number | null = null;

  constructor(deps: Deps, tenantId: string) {
    this.#deps = deps;
    this.#tenantId = tenantId;
  }

  after(seq: number): TenantEvent[] | null {
    if (this.#head === null || seq < this.#head - this.#events.length) return null;
    return seq >= this.#head ? [] : this.#events.slice(seq - this.#head);
  }

  end(): void {
    this.#over.abort();
  }

  async run(): Promise<void> {
    const { wakeups, log } = this.#deps;
    const { signal } = this.#over;
    while (!signal.aborted) {
      const isFull = await this.#read().catch((error: unknown) => {
        log.warn({ err: error }, 'events could not be read; trying again');
        return false;
      });
      if (!isFull) await wakeups.wait(eventsTopic(this.#tenantId), POLL_MS, signal);
    }
  }

  /** Whether there may be more. */
  async #read(): Promise<boolean> {
    const { events, head, next } = await readEvents(this.#deps.db, this.#tenantId, this.#head, PAGE, {});
    const isFirst = this.#head === null;
    this.#head = isFirst ? head : next;
    if (events.length > 0) this.#events = [...this.#events, ...events].slice(-KEPT);
    if (isFirst || events.length > 0) this.#deps.wakeups.wake(readTopic(this.#tenantId));
    return events.length === PAGE;
  }
}

const readers = new WeakMap<Deps, Map<string, Reader>>();

/** Reads from now on, as long as somebody follows. */
export function openFeed(deps: Deps, tenantId: string): Feed {
  const ofProcess = readers.get(deps) ?? new Map<string, Reader>();
  readers.set(deps, ofProcess);
  let reader = ofProcess.get(tenantId);
  if (!reader) {
    reader = new Reader(deps, tenantId);
    ofProcess.set(tenantId, reader);
    void reader.run();
  }
  reader.followers += 1;
  const followed = reader;
  return {
    after: (seq) => followed.after(seq),
    more: (ms, signal) => deps.wakeups.wait(readTopic(tenantId), ms, signal),
    [Symbol.dispose]() {
      followed.followers -= 1;
      if (followed.followers > 0) return;
      followed.end();
      ofProcess.delete(tenantId);
    },
  };
}

const readTopic = (tenantId: string): string => `read:${eventsTopic(tenantId)}`;
