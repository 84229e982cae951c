/**
 * Commands whose bytes go past Longshore: the agent asks for the provider's session and speaks over it itself. Nothing of what
 * is typed or written passes through a function that could end in the middle.
 */
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { systemClock, systemIds } from '../domain/clock.ts';
import { AppError, httpStatuses } from '../domain/errors.ts';
import type { Session } from '../providers/provider.ts';
import { DataChannel } from '../session-manager/channel.ts';
import { commandOver } from '../session-manager/command.ts';
import { ask, reasonOf } from './ask.ts';
import type { Onward } from './onward.ts';
import { agreement, give } from './output.ts';
import { refuseUpgrade } from './upgraded.ts';

/** A WebSocket client also takes addresses of unix sockets of this machine; and what came by TLS goes on by TLS. */
const accessOver = ({ isSecure }: Onward) =>
  z.object({ streamUrl: z.url({ protocol: isSecure ? /^wss$/ : /^wss?$/ }), token: z.string() });
const started = z.object({
  ...{ script: z.string(), mark: z.string(), resume: z.string() },
  ...{ tty: z.boolean(), stdin: z.boolean() },
});

export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Those of one agent, so that terminals can be resized. */
export class ExecSessions {
  readonly #onward: Onward;
  readonly #live = new Map<string, Session>();
  readonly #over = new AbortController();

  constructor(onward: Onward) {
    this.#onward = onward;
  }

  /** Answers the client, and carries its bytes until either side ends. */
  async relay(exec: string, client: Duplex): Promise<void> {
    await answering(client, this.#onward, async (agree) => {
      const { session, tty } = await this.#open(exec);
      client.once('close', () => session.close());
      if (client.destroyed) session.close();
      agree(tty);
      void takeInput(session, client);
      await give(session.output, client, tty);
      await this.#ended(exec, session);
    });
  }

  /** Without a client: it lasts as long as the agent. Rejects with a Refusal. */
  async detach(exec: string): Promise<void> {
    const { session } = await this.#open(exec);
    const drain = async () => {
      for await (const _ of session.output);
      await this.#ended(exec, session);
    };
    void drain().catch(() => session.close());
  }

  /** False when it is none of this agent's. */
  async resize(exec: string, columns: number, rows: number): Promise<boolean> {
    const session = this.#live.get(exec);
    await session?.resize(columns, rows);
    return session !== undefined;
  }

  close(): void {
    this.#over.abort();
  }

  async #open(exec: string): Promise<{ session: Session; tty: boolean }> {
    const path = `/v1/execs/${exec}/session`;
    const answer = await ask(this.#onward, 'PUT', path, {});
    if (answer.status !== 200) throw new Refusal(answer.status, reasonOf(answer));
    const access = accessOver(this.#onward);
    const grant = access.extend({ started }).safeParse(answer.body);
    if (!grant.success) throw new Refusal(502, 'longshore connect: Longshore answered with no session to speak over');
    const { started: manner, ...first } = grant.data;
    const site = { clock: systemClock, ids: systemIds, log: () => {} };
    const channel = new DataChannel(site, first, async () => {
      const again = access.safeParse((await ask(this.#onward, 'PUT', path, { resume: manner.resume })).body);
      return again.success ? again.data : null;
    });
    try {
      const session = await commandOver(channel, site, manner, { signal: this.#over.signal });
      this.#live.set(exec, session);
      return { session, tty: manner.tty };
    } catch (error) {
      await this.#report(exec, null);
      throw error;
    }
  }

  /** The code is on record before the client hears of the end, and asks. */
  async #ended(exec: string, session: Session): Promise<void> {
    this.#live.delete(exec);
    session.close();
    await this.#report(exec, await session.exit);
  }

  async #report(exec: string, exitCode: number | null): Promise<void> {
    await ask(this.#onward, 'PUT', `/v1/execs/${exec}/result`, { exitCode });
  }
}

/** Refuses the client while it may still be told why; afterwards it would take an answer for output. */
export async function answering(
  client: Duplex,
  onward: Onward,
  answer: (agree: (tty: boolean) => void) => Promise<void>,
): Promise<void> {
  let isAgreed = false;
  try {
    await answer((tty) => {
      isAgreed = true;
      client.write(agreement(tty));
    });
    client.end();
  } catch (error) {
    if (client.writableEnded || client.destroyed) return;
    if (isAgreed) return void client.destroy();
    const { status, message } = asRefusal(error, onward);
    refuseUpgrade(client, status, message);
  }
}

export function asRefusal(error: unknown, onward: Onward): { status: number; message: string } {
  if (error instanceof Refusal) return error;
  if (error instanceof AppError) return { status: httpStatuses[error.code], message: error.message };
  return { status: 502, message: onward.explain(error as Error) };
}

async function takeInput(session: Session, client: Duplex): Promise<void> {
  try {
    for await (const chunk of client.iterator({ destroyOnReturn: false })) await session.write(chunk);
    await session.endInput();
  } catch {
    // A command that ended, or takes no input, has no use for more.
    client.resume();
  }
}
