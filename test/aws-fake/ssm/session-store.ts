/** Sessions that ExecuteCommand opened: their tokens, and the container each runs its command in. */
import { randomBytes } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import { letters } from '../random-ids.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';

export interface Session {
  id: string;
  /** Opens the channel once. */
  token: string | undefined;
  command: string;
  container: RuntimeContainer;
  terminated: boolean;
  /** Once a socket came for it. */
  channel: SessionChannel | undefined;
}

export interface SessionChannel {
  pause(paused: boolean): void;
  end(output: string): void;
}

export class SessionStore {
  readonly sessions = new Map<string, Session>();
  private readonly url: () => string;

  /** @param url where the fake listens */
  constructor(url: () => string) {
    this.url = url;
  }

  open(container: RuntimeContainer, command: string) {
    const id = `ecs-execute-command-${letters(17).toLowerCase()}`;
    this.sessions.set(id, { id, token: undefined, command, container, terminated: false, channel: undefined });
    return this.grant(id);
  }

  /** A new token for the session, as ResumeSession gives it. */
  grant(id: string) {
    const session = this.sessions.get(id);
    if (!session || session.terminated) throw new AwsError('DoesNotExistException', `Session ${id} does not exist.`);
    session.token = randomBytes(64).toString('base64');
    const streamUrl = `${this.url().replace(/^http/, 'ws')}/v1/data-channel/${id}?role=publish_subscribe`;
    return { sessionId: id, streamUrl, tokenValue: session.token };
  }

  terminate(id: string): void {
    const session = this.sessions.get(id);
    if (!session) throw new AwsError('DoesNotExistException', `Session ${id} does not exist.`);
    session.terminated = true;
    session.channel?.end('');
  }
}
