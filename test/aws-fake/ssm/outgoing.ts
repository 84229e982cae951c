/** What the agent sends: numbered, kept until it is acknowledged, and sent again while it is not. */
import { randomUUID } from 'node:crypto';
import type { ChannelHabits } from '../habits.ts';
import { type AgentMessage, encodeMessage, payloadTypes } from './agent-message.ts';

interface Pending {
  sequence: number;
  bytes: Buffer;
  sentAt: number;
}

const resendAfterMs = 200;
const checkEveryMs = 100;
/** The agent's own buffer; output waits in the container's terminal when it is full. */
export const maxPending = 1000;

export class Outgoing {
  private readonly pending = new Map<number, Pending>();
  private readonly habits: ChannelHabits;
  private readonly transmit: (bytes: Buffer) => void;
  private readonly timer: NodeJS.Timeout;
  private next = 0;
  private held: Buffer | undefined;

  constructor(habits: ChannelHabits, transmit: (bytes: Buffer) => void) {
    this.habits = habits;
    this.transmit = transmit;
    this.timer = setInterval(() => this.resend(), checkEveryMs);
    this.timer.unref();
  }

  get size(): number {
    return this.pending.size;
  }

  send(payloadType: number, payload: Buffer): void {
    const sequence = this.next;
    this.next += 1;
    const flags = sequence === 0 ? 1 : 0;
    const bytes = encodeMessage({ ...envelope('output_stream_data'), sequence, flags, payloadType, payload });
    this.pending.set(sequence, { sequence, bytes, sentAt: performance.now() });
    if (this.habits.loseOutput()) return;
    if (this.habits.swapOutput() && this.held === undefined) {
      this.held = bytes;
      return;
    }
    this.transmit(bytes);
    if (this.habits.duplicateOutput()) this.transmit(bytes);
    if (this.held) this.transmit(this.held);
    this.held = undefined;
  }

  acknowledged(sequence: number): void {
    this.pending.delete(sequence);
  }

  /** After a new connection: everything that is not acknowledged goes out again. */
  resendAll(): void {
    for (const message of this.pending.values()) this.again(message);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private resend(): void {
    const [oldest] = this.pending.values();
    if (oldest && performance.now() - oldest.sentAt > resendAfterMs) this.again(oldest);
  }

  private again(message: Pending): void {
    message.sentAt = performance.now();
    this.transmit(message.bytes);
  }
}

/** An acknowledgement of a message, which is never acknowledged itself. */
export function acknowledgement(message: AgentMessage): Buffer {
  const content = {
    AcknowledgedMessageType: message.type,
    AcknowledgedMessageId: message.id,
    AcknowledgedMessageSequenceNumber: message.sequence,
    IsSequentialMessage: true,
  };
  const payload = Buffer.from(JSON.stringify(content));
  return encodeMessage({ ...envelope('acknowledge'), sequence: 0, flags: 3, payloadType: payloadTypes.none, payload });
}

/** A message outside the numbered stream, such as `channel_closed`. */
export function control(type: string, content: Record<string, unknown>): Buffer {
  const { id, createdAtMs, ...rest } = envelope(type);
  const whole = { MessageId: id, CreatedDate: new Date(createdAtMs).toISOString(), MessageType: type, ...content };
  const payload = Buffer.from(JSON.stringify({ ...whole, SchemaVersion: 1 }));
  return encodeMessage({ ...rest, id, createdAtMs, sequence: 0, flags: 3, payloadType: payloadTypes.none, payload });
}

function envelope(type: string) {
  return { type, schemaVersion: 1, createdAtMs: Date.now(), id: randomUUID() };
}
