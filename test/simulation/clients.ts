/**
 * Tenants' programs: they ask for this and that, by name or by id, retry what was not answered under the same key, and
 * remember what they were promised. They live outside and outlive every control-plane process.
 */
import { containerSpec } from '../../src/domain/container-spec.ts';
import { type Reply, type Request, serve, type Wish } from './door.ts';
import type { Random } from './random.ts';
import type { Simulation } from './simulation.ts';

/** A request and all the replies it got; several when it was retried. */
export interface Exchange {
  request: Request;
  replies: Reply[];
  /** How often it was sent and no reply came. */
  unanswered: number;
}

export interface Client {
  exchanges: Exchange[];
  done: boolean;
}

const names = ['web', 'db'];
const commands = [
  ['serve'],
  ['serve'],
  ['sh', '-c', "trap '' TERM; serve"],
  ['sh', '-c', "trap 'exit 3' TERM; serve"],
  ['sh', '-c', 'sleep 2; exit 1'],
  ['sh', '-c', 'sleep 5'],
  ['missing'],
];
const CLIENT_TIMEOUT_MS = 45_000;

/** Begins at once; `done` turns true when it has no more wishes. */
export function startClient(simulation: Simulation, tenantId: string, name: string, wishes: number): Client {
  const client: Client = { exchanges: [], done: false };
  run(simulation, client, tenantId, name, wishes).then(
    () => {
      client.done = true;
    },
    (error: unknown) => simulation.defects.push(error),
  );
  return client;
}

async function run(
  simulation: Simulation,
  client: Client,
  tenantId: string,
  name: string,
  wishes: number,
): Promise<void> {
  const { random, scheduler, outside } = simulation;
  const clock = scheduler.clockOf(outside);
  const known: string[] = [];
  for (let count = 0; count < wishes; count++) {
    await clock.sleep(random.chance(0.7) ? random.below(500) : random.below(20_000));
    const id = `${name}-${count}`;
    const request: Request = { id, tenantId, key: random.chance(0.6) ? id : null, wish: wishOf(random, known) };
    const exchange: Exchange = { request, replies: [], unanswered: 0 };
    client.exchanges.push(exchange);
    const attempts = request.key === null ? 1 : 1 + random.below(4);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const reply = await send(simulation, request);
      if (reply) exchange.replies.push(reply);
      else exchange.unanswered += 1;
      if (reply && reply.status < 500 && !random.chance(0.1)) break;
      await clock.sleep(random.chance(0.8) ? random.below(5_000) : random.below(120_000));
    }
    const made = exchange.replies.find(({ containerId }) => containerId !== null)?.containerId;
    if (made && !known.includes(made)) known.push(made);
  }
}

/** Null: the connection broke or the client gave up waiting; what became of the request is unknown. */
async function send(simulation: Simulation, request: Request): Promise<Reply | null> {
  const { scheduler, outside, random } = simulation;
  const planes = simulation.alive;
  if (planes.length === 0) return null;
  const plane = random.pick(planes);
  const { kind } = request.wish;
  scheduler.note(request.id, `asks ${plane.name}: ${describe(request.wish)}`);
  const patience = new AbortController();
  const reply = await Promise.race([
    serve(plane.deps, request).catch((error: unknown) => {
      simulation.defects.push(error);
      return null;
    }),
    plane.died.then(() => null),
    scheduler
      .clockOf(outside)
      .sleep(CLIENT_TIMEOUT_MS, patience.signal)
      .then(() => null),
  ]);
  patience.abort();
  scheduler.note(
    request.id,
    `${kind}: ${reply ? `${reply.status} ${reply.code ?? (reply.converged ? 'done' : 'accepted')}` : 'no answer'}`,
  );
  return reply;
}

function wishOf(random: Random, known: readonly string[]): Wish {
  if (random.chance(known.length === 0 ? 0.8 : 0.3)) {
    const exits = random.pick(commands);
    const restart = random.pick(['no', 'no', 'on-failure:2', 'unless-stopped'] as const);
    return {
      kind: 'create',
      name: random.chance(0.8) ? random.pick(names) : undefined,
      start: random.chance(0.8),
      spec: containerSpec.parse({
        image: 'app',
        command: exits,
        restart,
        autoRemove: restart === 'no' && random.chance(0.1),
      }),
    };
  }
  const target = known.length > 0 && random.chance(0.7) ? random.pick(known) : random.pick(names);
  const graceSeconds = random.pick([0, 1, 10]);
  const kind = random.pick([
    'start',
    'start',
    'stop',
    'stop',
    'restart',
    'kill',
    'pause',
    'unpause',
    'rename',
    'remove',
    'remove',
  ] as const);
  switch (kind) {
    case 'stop':
    case 'restart':
      return { kind, target, graceSeconds };
    case 'kill':
      return { kind, target, signal: random.pick(['KILL', 'TERM', 'HUP']) };
    case 'rename':
      return { kind, target, name: random.pick([...names, 'cache']) };
    case 'remove':
      return { kind, target, force: random.chance(0.7) };
    default:
      return { kind, target };
  }
}

function describe(wish: Wish): string {
  const { kind, ...rest } = wish;
  const subject =
    'spec' in rest
      ? { name: rest.name, start: rest.start, command: rest.spec.command, restart: rest.spec.restart }
      : rest;
  return `${kind} ${JSON.stringify(subject)}`;
}
