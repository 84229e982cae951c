/** Compares what clients were told with what the rows say and with what the Engine has. At rest there must be no difference. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Customer } from './customer.ts';
import type { Installation } from './installation.ts';
import type { State } from './wishes.ts';

interface Row {
  id: string;
  name: string;
  generation: number;
  observedGeneration: number;
  operations: number;
  accepted: number;
}

interface EngineObject {
  container: string;
  state: string;
}

/** What is wrong at this moment, a sentence each; while work is under way that is no violation yet. */
async function audit(installation: Installation, customers: readonly Customer[]): Promise<string[]> {
  const [rows, counters, objects, networks] = await Promise.all([
    readRows(installation),
    readCounters(installation),
    readObjects(installation),
    readNetworks(installation),
  ]);
  return [
    ...checkPresence(rows, objects),
    ...rows.flatMap(checkRow),
    ...customers.flatMap((customer) => checkPromises(customer, rows, objects)),
    ...counters,
    ...networks,
  ];
}

/** Audits until nothing is wrong; at the deadline what still is. */
export async function converge(
  installation: Installation,
  customers: readonly Customer[],
  timeoutMs: number,
): Promise<string[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const wrong = await audit(installation, customers);
    if (wrong.length === 0 || performance.now() > deadline) return wrong;
    await sleep(100);
  }
}

/** Orphans, duplicates, and rows without their object. */
function checkPresence(rows: Row[], objects: EngineObject[]): string[] {
  const known = new Set(rows.map(({ id }) => id));
  const copies = Map.groupBy(objects, ({ container }) => container);
  return [
    ...[...copies.keys()]
      .filter((id) => !known.has(id))
      .map((id) => `orphan: the Engine has ${brief(id)}, which no row owns`),
    ...[...copies]
      .filter(([, found]) => found.length > 1)
      .map(([id, found]) => `duplicate: ${brief(id)} is there ${found.length} times`),
    ...rows.filter(({ id }) => !copies.has(id)).map(({ id, name }) => `lost: the Engine has no ${name} ${brief(id)}`),
  ];
}

/** Each accepted change has its operation and its event, and has ended. */
function checkRow({ id, name, generation, observedGeneration, operations, accepted }: Row): string[] {
  const wrong: string[] = [];
  if (observedGeneration < generation)
    wrong.push(`stuck: ${name} ${brief(id)} is at ${observedGeneration} of ${generation}`);
  if (accepted > 0) wrong.push(`stuck: ${accepted} operations of ${name} ${brief(id)}`);
  if (operations !== generation)
    wrong.push(`half accepted: ${name} ${brief(id)} has ${operations} operations for ${generation} changes`);
  return wrong;
}

function checkPromises({ name, believed, possible }: Customer, rows: Row[], objects: EngineObject[]): string[] {
  const row = rows.find((each) => each.name === name);
  const state = stateOf(row && objects.find(({ container }) => container === row.id));
  const wrong: string[] = [];
  if (!possible.includes(state))
    wrong.push(`lost: ${name} is ${state} and was acknowledged as ${possible.join(' or ')}`);
  if (row && believed.id !== null && believed.id !== row.id)
    wrong.push(`lost: ${name} is ${brief(row.id)}, not ${brief(believed.id)}`);
  if (row && row.generation < believed.generation) wrong.push(`lost: a change of ${name}`);
  return wrong;
}

async function readRows({ sql }: Installation): Promise<Row[]> {
  return sql<Row[]>`select c.id, c.name, c.generation, c.observed_generation as "observedGeneration",
      (select count(*)::int from operations o where o.tenant_id = c.tenant_id and o.container_id = c.id) as operations,
      (select count(*)::int from operations o where o.tenant_id = c.tenant_id and o.container_id = c.id and o.state = 'accepted') as accepted
    from containers c where c.removed_at is null order by c.name`;
}

/** Counters that drifted, and operations of removed containers that never ended. */
async function readCounters({ sql }: Installation): Promise<string[]> {
  const drifts = await sql<{ tenant: string; used: number; live: number }[]>`select * from (
    select t.name as tenant, q.used::int, (select count(*)::int from containers c where c.tenant_id = q.tenant_id and c.removed_at is null) as live
    from quotas q join tenants t on t.id = q.tenant_id where q.resource = 'containers') q where used <> live`;
  const stuck = await sql<{ kind: string; name: string }[]>`select o.kind, c.name from operations o
    join containers c on c.tenant_id = o.tenant_id and c.id = o.container_id where o.state = 'accepted' and c.removed_at is not null`;
  const gaps = await sql<{ tenant: string; head: number; events: number }[]>`select * from (
    select t.name as tenant, h.event_seq::int as head, (select count(*)::int from events e where e.tenant_id = h.tenant_id) as events
    from tenant_heads h join tenants t on t.id = h.tenant_id) h where head <> events`;
  return [
    ...drifts.map(({ tenant, used, live }) => `quota: ${tenant} has ${live} containers and counts ${used}`),
    ...stuck.map(({ kind, name }) => `stuck: ${kind} of ${name}, which is removed`),
    ...gaps.map(({ tenant, head, events }) => `events: ${tenant} has ${events} and counts ${head}`),
  ];
}

async function readObjects({ docker, id }: Installation): Promise<EngineObject[]> {
  const found = await docker.listContainers({ all: true, filters: { label: [`longshore.install=${id}`] } });
  return found.map(({ Labels, State }) => ({ container: Labels['longshore.container'] ?? '', state: State }));
}

/** Networks made twice, or of no row. */
async function readNetworks({ docker, sql, id }: Installation): Promise<string[]> {
  const found = await docker.listNetworks({ filters: { label: [`longshore.install=${id}`] } });
  const keys = new Set((await sql<{ key: string }[]>`select provider_key as key from networks`).map(({ key }) => key));
  const names = found.map(({ Name }) => Name);
  return [
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `duplicate: network ${name}`),
    ...names.filter((name) => !keys.has(name)).map((name) => `orphan: network ${name}`),
  ];
}

function stateOf(object: EngineObject | undefined): State {
  if (!object) return 'absent';
  return object.state === 'created' || object.state === 'running' ? object.state : 'exited';
}

const brief = (id: string) => id.slice(0, 12);
