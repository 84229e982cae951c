/**
 * Attach and exec where Longshore answers requests and carries no connection, as functions do: output from the followed log, and
 * commands over the provider's own sessions.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { reasonOf } from './ask.ts';
import type { TwoWayCall } from './docker-path.ts';
import { answering, asRefusal, ExecSessions, Refusal } from './exec-session.ts';
import { followedOutput, lookAt } from './followed-output.ts';
import type { Onward } from './onward.ts';
import { give } from './output.ts';
import { refusePlain } from './plain.ts';
import { refuseUpgrade } from './upgraded.ts';

export class OneWay {
  readonly #onward: Onward;
  readonly #sessions: ExecSessions;

  constructor(onward: Onward) {
    this.#onward = onward;
    this.#sessions = new ExecSessions(onward);
  }

  close(): void {
    this.#sessions.close();
  }

  /** A request that asks to keep its connection. */
  async upgraded(call: TwoWayCall, request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    await skipBody(request, client, head);
    if (call.kind === 'start') return this.#sessions.relay(call.exec, client);
    if (call.kind === 'attach') return this.#attach(call, client);
    refuseUpgrade(client, 400, 'longshore connect: there is nothing to upgrade to');
  }

  /** One that does not: a detached command, a terminal's size. */
  async plain(call: TwoWayCall, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await buffer(request);
      if (call.kind === 'resize') {
        const found = await this.#sessions.resize(call.exec, call.columns, call.rows);
        return found
          ? void response.writeHead(200).end()
          : refusePlain(response, 404, `No such running exec instance: ${call.exec}`);
      }
      if (call.kind === 'start' && isDetached(body)) {
        await this.#sessions.detach(call.exec);
        return void response.writeHead(200).end();
      }
      refusePlain(response, 501, 'longshore connect: ask for an upgrade of the connection, as Docker clients do');
    } catch (error) {
      // Nobody reads an answer any more.
      if (response.destroyed) return;
      const { status, message } = asRefusal(error, this.#onward);
      refusePlain(response, status, message);
    }
  }

  async #attach({ container, query }: Extract<TwoWayCall, { kind: 'attach' }>, client: Duplex): Promise<void> {
    const left = new AbortController();
    client.once('close', () => left.abort());
    await answering(client, this.#onward, async (agree) => {
      const seen = await lookAt(this.#onward, container);
      if (!('id' in seen)) throw new Refusal(seen.status, reasonOf(seen));
      const { tty, stdin } = seen.spec;
      if (stdin && isOn(query.get('stdin'))) {
        throw new Refusal(501, "longshore connect: this address takes no input for a container's own process");
      }
      client.resume();
      agree(tty);
      const wanted = {
        ...{ stdout: isOn(query.get('stdout')), stderr: isOn(query.get('stderr')) },
        ...{ logs: isOn(query.get('logs')), stream: isOn(query.get('stream')) },
      };
      await give(followedOutput(this.#onward, seen, wanted, left.signal), client, tty);
    });
  }
}

/** As Docker's clients write it. */
const isOn = (flag: string | null): boolean => flag !== null && !['', '0', 'false', 'no', 'none'].includes(flag);

function isDetached(body: Buffer): boolean {
  try {
    const { Detach } = JSON.parse(body.toString());
    return Detach === true;
  } catch {
    return false;
  }
}

/** What follows it is the input. */
async function skipBody({ headers }: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
  if (head.length > 0) client.unshift(head);
  for (let left = Number(headers['content-length'] ?? 0); left > 0; ) {
    const chunk: Buffer | null = client.read() ?? (await readable(client));
    if (chunk === null) return;
    if (chunk.length > left) client.unshift(chunk.subarray(left));
    left -= Math.min(left, chunk.length);
  }
}

/** Null at its end. */
function readable(client: Duplex): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['readable', 'end', 'close']) client.off(event, done);
      resolve(client.read());
    };
    for (const event of ['readable', 'end', 'close']) client.on(event, done);
  });
}
