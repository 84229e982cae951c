/**
 * Tenants' programs: they ask for one thing after another, retry what was not answered under the same key, and remember
 * what they were promised. They live outside and outlive every control-plane process.
 */
import type { Fleet } from './control-plane.ts';
import { type Reply, type Request, serve } from './door.ts';
import type { Simulation } from './simulation.ts';
import { describeWish, drawWish } from './wishes.ts';

/** A request and all the replies it got; several when it was retried. */
export interface Exchange {
  request: Request;
  replies: Reply[];
  /** How often it was sent and no reply came. */
  unanswered: number;
}

export interface Client {
  exchanges: Exchange[];
  /** It has no more wishes. */
  done: boolean;
}

export interface Character {
  tenantId: string;
  /** Begins the ids of its requests. */
  name: string;
  wishes: number;
}

const TIMEOUT_MS = 45_000;

/** Begins at once. */
export function startClient(simulation: Simulation, fleet: Fleet, character: Character): Client {
  const client: Client = { exchanges: [], done: false };
  live(simulation, fleet, character, client.exchanges).then(
    () => {
      client.done = true;
    },
    (error: unknown) => simulation.defects.push(error),
  );
  return client;
}

async function live(simulation: Simulation, fleet: Fleet, character: Character, exchanges: Exchange[]): Promise<void> {
  const { random, scheduler, outside } = simulation;
  const clock = scheduler.clockOf(outside);
  const known: string[] = [];
  for (let count = 0; count < character.wishes; count++) {
    await clock.sleep(random.chance(0.7) ? random.below(500) : random.below(20_000));
    const id = `${character.name}-${count}`;
    const key = random.chance(0.6) ? id : null;
    const request: Request = { id, tenantId: character.tenantId, key, wish: drawWish(random, known) };
    const exchange: Exchange = { request, replies: [], unanswered: 0 };
    exchanges.push(exchange);
    for (let left = key === null ? 1 : 1 + random.below(4); left > 0; left--) {
      const reply = await send(simulation, fleet, request);
      if (reply) exchange.replies.push(reply);
      else exchange.unanswered += 1;
      const isAnswered = reply !== null && reply.status < 500;
      if (isAnswered && !random.chance(0.1)) break;
      await clock.sleep(random.chance(0.8) ? random.below(5_000) : random.below(120_000));
    }
    const made = exchange.replies.find(({ containerId }) => containerId !== null)?.containerId;
    if (made && !known.includes(made)) known.push(made);
  }
}

/** Null: the connection broke or the client gave up waiting; what became of the request is unknown. */
async function send(simulation: Simulation, fleet: Fleet, request: Request): Promise<Reply | null> {
  const { scheduler, outside, random } = simulation;
  const { alive } = fleet;
  if (alive.length === 0) return null;
  const plane = random.pick(alive);
  const patience = new AbortController();
  scheduler.note(request.id, `asks ${plane.name}: ${describeWish(request.wish)}`);
  const reply = await Promise.race([
    serve(plane.deps, request).catch((error: unknown) => {
      simulation.defects.push(error);
      return null;
    }),
    plane.died.then(() => null),
    scheduler
      .clockOf(outside)
      .sleep(TIMEOUT_MS, patience.signal)
      .then(() => null),
  ]);
  patience.abort();
  const outcome = reply ? `${reply.status} ${reply.code ?? (reply.converged ? 'done' : 'accepted')}` : 'no answer';
  scheduler.note(request.id, `${request.wish.kind}: ${outcome}`);
  return reply;
}
