/** Log groups, their streams and events. */
import { AwsError } from '../aws-error.ts';
import type { FakeClock } from '../clock.ts';

export interface LogEvent {
  timestamp: number;
  ingestionTime: number;
  message: string;
  /** When the API shows it. */
  visibleAt: number;
  /** Unique and in the order of arrival. */
  number: number;
}

export interface LogStream {
  name: string;
  createdAt: number;
  events: LogEvent[];
}

export interface LogGroup {
  name: string;
  createdAt: number;
  retentionInDays: number | undefined;
  kmsKeyId: string | undefined;
  tags: Record<string, string>;
  streams: Map<string, LogStream>;
}

/** Longer messages are split, as the awslogs driver does. */
const maxMessageBytes = 256 * 1024 - 26;

export class LogStore {
  readonly groups = new Map<string, LogGroup>();
  private readonly clock: FakeClock;
  private readonly delayMs: () => number;
  private events = 0;

  constructor(clock: FakeClock, delayMs: () => number) {
    this.clock = clock;
    this.delayMs = delayMs;
  }

  group(name: string): LogGroup {
    const found = this.groups.get(name);
    if (!found) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
    return found;
  }

  createGroup(name: string): LogGroup {
    if (this.groups.has(name)) {
      throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
    }
    const createdAt = this.clock.now();
    const group = { name, createdAt, retentionInDays: undefined, kmsKeyId: undefined, tags: {}, streams: new Map() };
    this.groups.set(name, group);
    return group;
  }

  stream(group: string, name: string): LogStream {
    const found = this.group(group).streams.get(name);
    if (!found) throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
    return found;
  }

  createStream(group: string, name: string): LogStream {
    const { streams } = this.group(group);
    const stream = { name, createdAt: this.clock.now(), events: [] };
    streams.set(name, streams.get(name) ?? stream);
    return this.stream(group, name);
  }

  append(stream: LogStream, message: string, timestamp = this.clock.now()): void {
    const bytes = Buffer.from(message);
    const ingestionTime = this.clock.now();
    for (let at = 0; at < Math.max(1, bytes.length); at += maxMessageBytes) {
      this.events += 1;
      const part = bytes.length <= maxMessageBytes ? message : bytes.subarray(at, at + maxMessageBytes).toString();
      const visibleAt = ingestionTime + this.delayMs();
      stream.events.push({ timestamp, ingestionTime, message: part, visibleAt, number: this.events });
    }
  }
}
