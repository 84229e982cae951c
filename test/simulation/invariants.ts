/** Invariants that must hold once everything came to rest: rows, the machine and what clients were promised agree. */
import { sql } from 'drizzle-orm';
import { containerColumns, currentRun, toContainer } from '../../src/db/containers.ts';
import { statement } from '../../src/db/statements.ts';
import { type Container, restartsAfterExit, statusOf } from '../../src/domain/container.ts';
import { brief } from './boundaries.ts';
import type { Client, Exchange } from './clients.ts';
import type { TrueRun } from './machine.ts';
import type { Simulation } from './simulation.ts';

interface OperationFacts {
  id: string;
  kind: string;
  state: string;
  actor: string;
  containerId: string;
}

export async function checkAtRest(simulation: Simulation, clients: readonly Client[]): Promise<string[]> {
  const { db } = simulation;
  const runs = simulation.machine.runs();
  const rows = await db.query(
    'reconciler',
    statement(
      sql`select ${containerColumns} from containers c join runs r on ${currentRun} where c.removed_at is null`,
    ),
  );
  const containers = rows.map(toContainer);
  const operations = (await db.asOwner(
    `select id::text, kind, state, actor->>'id' as actor, container_id as "containerId" from operations`,
  )) as unknown as OperationFacts[];
  return [
    ...containers.flatMap((container) => checkIntent(container, runsOf(container, runs))),
    ...checkOwners(runs, containers),
    ...checkOperations(operations),
    ...clients.flatMap(({ exchanges }) => exchanges.flatMap((exchange) => checkPromises(exchange, operations))),
    ...(await checkEvents(simulation)),
  ];
}

const statusesOf: Record<Container['desired'], readonly string[]> = {
  created: ['created', 'failed', 'lost'],
  running: ['starting', 'running', 'restarting', 'exited', 'failed', 'lost'],
  paused: ['paused', 'exited', 'failed', 'lost'],
  stopped: ['created', 'exited', 'failed', 'lost'],
  removed: [],
};
const phasesOf: Record<string, readonly string[]> = {
  created: ['created'],
  // What ends before AWS shows its task is not heard of yet; that it was started lately is looked at besides.
  starting: ['created', 'running', 'exited'],
  running: ['running'],
  paused: ['paused'],
  restarting: ['exited'],
  exited: ['exited'],
  failed: ['created', 'exited', 'absent'],
  lost: ['absent'],
};

const runsOf = (container: Container, runs: TrueRun[]) =>
  runs.filter(
    ({ containerId, incarnation }) => containerId === container.id && incarnation === container.run.incarnation,
  );

/** I2: what was wanted is there, once; what is not there any more has a reason that its intent accepts. */
function checkIntent(container: Container, truth: TrueRun[]): string[] {
  const status = statusOf(container);
  const phase = truth.map((run) => run.phase).join(' and ') || 'absent';
  const name = `container ${brief(container.id)} (${container.desired}, ${status}, really ${phase})`;
  const found: string[] = [];
  if (!statusesOf[container.desired].includes(status)) found.push(`I2: ${name} is not what was asked for`);
  if (!phasesOf[status]?.includes(phase)) found.push(`I2: ${name} is not what the machine has`);
  const wantsUp = container.desired === 'running' || container.desired === 'paused';
  if (status === 'starting' && !truth.some(({ isStarting }) => isStarting)) found.push(`I2: ${name} was never started`);
  if (wantsUp && status === 'exited' && restartsAfterExit(container)) found.push(`I2: ${name} was not restarted`);
  if (wantsUp && status === 'lost' && container.run.exitCode === null) found.push(`I2: ${name} was not replaced`);
  if (container.observedGeneration !== container.generation) found.push(`I2: ${name} was never settled`);
  found.push(...truth.flatMap((run) => checkLimits(name, container, run)));
  if (status !== 'failed') found.push(...truth.flatMap((run) => checkNetworks(name, container, run)));
  return found;
}

/** A run that has ended and starts anew keeps its limits; one that starts again does not. */
function checkLimits(name: string, { spec }: Container, { phase, resources, endsOnce }: TrueRun): string[] {
  const spent = phase === 'exited' && endsOnce;
  if (spent || resources === null || resources.memoryMiB === spec.resources.memoryMiB) return [];
  return [`I2: ${name} shall have ${spec.resources.memoryMiB} MiB and has ${resources.memoryMiB}`];
}

function checkNetworks(name: string, { attachments }: Container, { networks }: TrueRun): string[] {
  const facts = (places: [string, string[]][]) => JSON.stringify(places.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const wanted = facts(attachments.map(({ key, aliases }) => [key, aliases]));
  const real = facts(Object.entries(networks ?? {}).map(([key, { aliases }]) => [key, aliases]));
  return wanted === real ? [] : [`I2: ${name} belongs on ${wanted} and is on ${real}`];
}

/** I3: nothing is there that no live row explains. */
function checkOwners(runs: TrueRun[], containers: Container[]): string[] {
  const owners = new Set(containers.map(({ id, run }) => `${id}-${run.incarnation}`));
  return runs
    .filter(({ containerId, incarnation }) => !owners.has(`${containerId}-${incarnation}`))
    .map(({ key, phase }) => `I3: nobody owns ${brief(key)} (${phase})`);
}

/** I4, first half: nothing that was accepted stays undecided. */
function checkOperations(operations: OperationFacts[]): string[] {
  return operations
    .filter(({ state }) => state === 'accepted')
    .map(({ kind, containerId, actor }) => `I4: ${kind} of ${brief(containerId)} by ${actor} is still undecided`);
}

/** I4, second half: what was acknowledged is not lost. I5: a request has one effect, however often it was sent. */
function checkPromises({ request, replies, unanswered }: Exchange, operations: OperationFacts[]): string[] {
  const found: string[] = [];
  const effects = operations.filter(({ actor }) => actor === request.id);
  for (const { operationId } of replies) {
    if (operationId !== null && !operations.some(({ id }) => id === operationId)) {
      found.push(`I4: ${request.wish.kind} by ${request.id} was acknowledged and is lost`);
    }
  }
  const resources = new Set(replies.filter(({ status }) => status === 200).map(({ containerId }) => containerId));
  if (effects.length > 1) found.push(`I5: ${request.wish.kind} by ${request.id} had ${effects.length} effects`);
  if (resources.size > 1)
    found.push(`I5: ${request.wish.kind} by ${request.id} was answered with different containers`);
  const refused =
    unanswered === 0 &&
    replies.every(({ status, operationId }) => status < 500 && status >= 400 && operationId === null);
  if (refused && effects.length > 0)
    found.push(`I5: ${request.wish.kind} by ${request.id} was refused and had an effect`);
  return found;
}

/** A tenant's events are numbered without gaps up to its head. */
async function checkEvents({ db }: Simulation): Promise<string[]> {
  const rows = await db.asOwner(`
    select left(h.tenant_id::text, 8) as tenant, h.event_seq::int as head, count(e.seq)::int as events, coalesce(max(e.seq), 0)::int as last
    from tenant_heads h left join events e on e.tenant_id = h.tenant_id group by h.tenant_id, h.event_seq`);
  return rows
    .filter(({ head, events, last }) => head !== events || head !== last)
    .map(({ tenant, head, events, last }) => `events of ${tenant} have gaps: ${events} up to ${last}, head ${head}`);
}
