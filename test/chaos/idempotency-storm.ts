/**
 * Many Idempotency-Keys, each sent one to five times at once to different servers, by clients that hang up now and then and
 * come again: one effect and one answer for each.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom, type Random } from '../simulation/random.ts';
import type { TestClient } from '../support/client.ts';
import type { Replicas } from '../support/replicas.ts';
import { withReplicas } from './replicated.ts';
import type { Setting, Verdict } from './trial.ts';

const kinds = ['containers', 'volumes', 'networks'] as const;
const keysAtOnce = 40;
const patienceMs = 60_000;

interface Sender {
  client: TestClient;
  /** Hangs up its first try after so long; null = waits for the answer. */
  hangsUpAfterMs: number | null;
}

/** @param keys how many, in a tenant of their own */
export async function idempotencyStorm(
  replicas: Replicas,
  { keys, seed }: { keys: number; seed: number },
): Promise<Verdict> {
  const clientAt = await replicas.admit('storm', { containers: keys, volumes: keys, networks: keys + 1 });
  const random = createRandom(seed, 1);
  const violations: string[] = [];
  let sent = 0;
  const waiting = Array.from({ length: keys }, (_, number) => number).values();
  const work = async () => {
    for (const number of waiting) {
      const senders = sendersOf(random, clientAt);
      sent += senders.length;
      violations.push(...(await sendAll(replicas.image, number, senders)));
    }
  };
  await Promise.all(Array.from({ length: keysAtOnce }, work));
  violations.push(...(await countEffects(clientAt(0), keys)));
  return { summary: [`${keys} keys, ${sent} senders, seed ${seed}`], violations };
}

function sendersOf(random: Random, clientAt: (door: number) => TestClient): Sender[] {
  return Array.from({ length: 1 + random.below(5) }, () => ({
    client: clientAt(random.below(16)),
    hangsUpAfterMs: random.chance(0.2) ? random.below(30) : null,
  }));
}

const kindOf = (number: number) => kinds[number % kinds.length] ?? 'containers';

async function sendAll(image: string, number: number, senders: Sender[]): Promise<string[]> {
  const kind = kindOf(number);
  const labels = { storm: String(number) };
  const body = { containers: { image, labels }, volumes: { labels }, networks: { name: `storm-${number}`, labels } }[
    kind
  ];
  const answers = await Promise.all(senders.map((sender) => answerOf(sender, `/v1/${kind}`, body, `storm-${number}`)));
  const different = new Set(answers);
  const isOne = different.size === 1 && answers[0]?.startsWith('201 ');
  return isOne ? [] : [`key ${number} was answered with ${[...different].join(' and ')}`];
}

/** Status and body of the first answer that is one: nobody hung up, and it was not being worked on elsewhere. */
async function answerOf({ client, hangsUpAfterMs }: Sender, path: string, body: object, key: string): Promise<string> {
  const deadline = performance.now() + patienceMs;
  for (let attempt = 1; performance.now() < deadline; attempt++) {
    const signal = attempt === 1 && hangsUpAfterMs !== null ? AbortSignal.timeout(hangsUpAfterMs) : null;
    const answer = await tried(client, path, body, key, signal);
    if (answer !== null) return answer;
    await sleep(20 * attempt);
  }
  return `nothing within ${patienceMs} ms`;
}

async function tried(
  client: TestClient,
  path: string,
  body: object,
  key: string,
  signal: AbortSignal | null,
): Promise<string | null> {
  try {
    const answer = await fetch(client.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal,
    });
    const text = await answer.text();
    return answer.status === 409 && answer.headers.has('retry-after') ? null : `${answer.status} ${text}`;
  } catch (error) {
    if (signal?.aborted) return null;
    throw error;
  }
}

async function countEffects(client: TestClient, keys: number): Promise<string[]> {
  const violations: string[] = [];
  for (let number = 0; number < keys; number++) {
    const path = `/v1/${kindOf(number)}?label=${encodeURIComponent(`storm=${number}`)}`;
    const { items } = await client.expect<{ items: unknown[] }>(200, 'GET', path);
    if (items.length !== 1) violations.push(`key ${number} had ${items.length} effects`);
  }
  return violations;
}

/** `npm run chaos -- --idempotency N` */
export function idempotency({ count, seed, ...setting }: Setting): Promise<Verdict> {
  return withReplicas(3, setting, (replicas) => idempotencyStorm(replicas, { keys: count, seed }));
}
