/** EventBridge as a listener sees it: at least once, in no order, when the habits say so late, twice, or never. */
import { randomUUID } from 'node:crypto';
import type { FakeClock } from '../clock.ts';
import type { Habits } from '../habits.ts';

export interface BusEvent {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: Record<string, unknown>;
}

export type Listener = (event: BusEvent) => void | Promise<void>;

export class EventBus {
  private readonly listeners = new Set<Listener>();
  private readonly clock: FakeClock;
  private readonly habits: Habits;
  private readonly onError: (error: unknown) => void;

  constructor(clock: FakeClock, habits: Habits, onError: (error: unknown) => void) {
    this.clock = clock;
    this.habits = habits;
    this.onError = onError;
  }

  /** @returns what ends the subscription */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Posts every event as JSON to the URL, as an API destination does. */
  postTo(url: string): () => void {
    return this.subscribe(async (event) => {
      const headers = { 'content-type': 'application/json' };
      const { status } = await fetch(url, { method: 'POST', headers, body: JSON.stringify(event) });
      if (status >= 300) throw new Error(`${url} answered an event with ${status}`);
    });
  }

  publish(event: Omit<BusEvent, 'version' | 'id' | 'time'>): void {
    const whole: BusEvent = {
      version: '0',
      id: randomUUID(),
      time: new Date(this.clock.now()).toISOString(),
      ...event,
    };
    const { events } = this.habits;
    if (events.drop()) return;
    for (let copy = 0; copy < events.copies(); copy++) this.clock.after(events.delayMs(), () => this.deliver(whole));
  }

  private async deliver(event: BusEvent): Promise<void> {
    for (const listener of this.listeners) {
      try {
        await listener(structuredClone(event));
      } catch (error) {
        this.onError(error);
      }
    }
  }
}
