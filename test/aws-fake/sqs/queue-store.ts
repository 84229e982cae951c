/** Queues of SQS: standard ones, whose messages come at least once and go when they are deleted. */
import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { FakeClock } from '../clock.ts';
import { pause } from '../clock.ts';

export interface QueueMessage {
  id: string;
  body: string;
  sentAtMs: number;
  visibleAtMs: number;
  /** How often it was received, and the handle that the last receiver deletes it with. */
  receives: number;
  handle: string;
}

/** A message with too many receives goes to another queue. */
export interface Redrive {
  deadLetterTargetArn: string;
  maxReceiveCount: number;
}

export class Queue {
  readonly name: string;
  readonly arn: string;
  attributes: Record<string, string>;
  messages: QueueMessage[] = [];
  private readonly clock: FakeClock;
  private readonly store: QueueStore;
  private arrived = Promise.withResolvers<void>();

  constructor(store: QueueStore, clock: FakeClock, name: string, arn: string, attributes: Record<string, string>) {
    this.store = store;
    this.clock = clock;
    this.name = name;
    this.arn = arn;
    this.attributes = { VisibilityTimeout: '30', MessageRetentionPeriod: '345600', ...attributes };
  }

  get redrive(): Redrive | undefined {
    const { RedrivePolicy: policy } = this.attributes;
    return policy === undefined ? undefined : JSON.parse(policy);
  }

  send(body: string): QueueMessage {
    const now = this.clock.now();
    const message = { id: randomUUID(), body, sentAtMs: now, visibleAtMs: now, receives: 0, handle: '' };
    this.messages.push(message);
    this.wake();
    return message;
  }

  /** Those that can be seen now, for as long as the queue says; waits for the first. */
  async receive(most: number, waitMs: number, visibilitySeconds?: number): Promise<QueueMessage[]> {
    const until = this.clock.now() + waitMs;
    for (;;) {
      const { promise } = this.arrived;
      const taken = this.take(most, visibilitySeconds);
      const leftMs = until - this.clock.now();
      if (taken.length > 0 || leftMs <= 0) return taken;
      await Promise.race([promise, pause(this.clock, Math.min(leftMs, this.untilVisibleMs()))]);
    }
  }

  /** Until the first hidden one can be seen; a timer may fire a little early, so it is never nothing. */
  private untilVisibleMs(): number {
    const first = Math.min(...this.messages.map(({ visibleAtMs }) => visibleAtMs));
    return Math.max(1, first - this.clock.now());
  }

  private take(most: number, visibilitySeconds = Number(this.attributes.VisibilityTimeout)): QueueMessage[] {
    const now = this.clock.now();
    const taken: QueueMessage[] = [];
    for (const message of this.messages.filter(({ visibleAtMs }) => visibleAtMs <= now)) {
      if (taken.length === most) break;
      if (this.redrive && message.receives >= this.redrive.maxReceiveCount) {
        this.messages.splice(this.messages.indexOf(message), 1);
        this.store.byArn(this.redrive.deadLetterTargetArn).send(message.body);
        continue;
      }
      this.hide(message, visibilitySeconds);
      message.receives += 1;
      message.handle = randomUUID();
      taken.push(message);
    }
    return taken.map((message) => ({ ...message }));
  }

  private hide(message: QueueMessage, seconds: number): void {
    message.visibleAtMs = this.clock.now() + seconds * 1000;
  }

  /** Repeatable; with the handle of an earlier receive it may or may not work, and here does not. */
  delete(handle: string): void {
    this.messages = this.messages.filter((message) => message.handle !== handle);
  }

  changeVisibility(handle: string, seconds: number): void {
    const message = this.messages.find((each) => each.handle === handle);
    if (message) this.hide(message, seconds);
    this.wake();
  }

  private wake(): void {
    this.arrived.resolve();
    this.arrived = Promise.withResolvers();
  }
}

export class QueueStore {
  readonly queues = new Map<string, Queue>();
  private readonly clock: FakeClock;
  private readonly arnOf: (name: string) => string;

  constructor(clock: FakeClock, arnOf: (name: string) => string) {
    this.clock = clock;
    this.arnOf = arnOf;
  }

  add(name: string, attributes: Record<string, string>): Queue {
    const queue = new Queue(this, this.clock, name, this.arnOf(name), attributes);
    this.queues.set(name, queue);
    return queue;
  }

  byUrl(url = ''): Queue {
    return this.find(new URL(url).pathname.split('/').at(-1) ?? '');
  }

  byArn(arn: string): Queue {
    return this.find(arn.split(':').at(-1) ?? '');
  }

  find(name: string): Queue {
    const found = this.queues.get(name);
    if (!found) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return found;
  }
}
