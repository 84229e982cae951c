import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimDue, type RunRecord, record } from '../../src/db/claims.ts';
import { connect, connectionOptions, type Db, type DbRole, type Statement } from '../../src/db/client.ts';
import { findContainer, listContainers } from '../../src/db/containers.ts';
import { findKey } from '../../src/db/keys.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const many = 50_000;
const few = 1000;
const tenant = { big: randomUUID(), small: randomUUID() };

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Node[];
}

let database: TestDatabase;
let owner: postgres.Sql;
let db: Db;

beforeAll(async () => {
  database = await testDatabase();
  owner = postgres({ ...connectionOptions(database.url), max: 1, fetch_types: false });
  db = connect({ url: database.url, connections: 1 });
  await fill(tenant.big, many);
  await fill(tenant.small, few);
  await owner`analyze`;
}, 120_000);
afterAll(async () => {
  await db?.close();
  await owner?.end();
  await database?.close();
});

/** Containers with ids that begin with their number in reverse, one made each second, and a key for every hundredth. */
async function fill(tenantId: string, count: number): Promise<void> {
  const spec = JSON.stringify(containerSpec.parse({ image: 'app' }));
  const id = owner`rpad(reverse(lpad(to_hex(n), 8, '0')), 64, md5(${tenantId}))`;
  await owner`insert into tenants (id, name) values (${tenantId}, ${tenantId})`;
  await owner`insert into containers (tenant_id, id, name, spec, image_id, desired, stop_grace_seconds, created_at, next_run_at)
    select ${tenantId}, ${id}, 'name-' || n, ${spec}::text::jsonb, 'sha256:0', 'running', 10, now() - n * interval '1 second',
      case when n % 1000 = 0 then now() - interval '1 minute' end
    from generate_series(1, ${count}::int) n`;
  await owner`insert into runs (tenant_id, container_id, incarnation, name, provider, provider_key)
    select tenant_id, id, 1, name, 'memory', id from containers where tenant_id = ${tenantId}`;
  await owner`insert into api_keys (tenant_id, id, name, role, secret_hash)
    select ${tenantId}, left(md5(${tenantId} || n), 16), 'key', 'admin', 'hash' from generate_series(1, ${count / 100}::int) n`;
}

/** What a call of the db layer really sends. */
async function sentBy(call: (spy: Db) => Promise<unknown>): Promise<{ role: DbRole; statement: Statement }> {
  const sent: { role: DbRole; statement: Statement }[] = [];
  await call({
    ...db,
    query: (role, statement) => {
      sent.push({ role, statement });
      return db.query(role, statement);
    },
  });
  const [only, ...others] = sent;
  if (!only || others.length > 0) throw new Error(`${sent.length} statements were sent instead of one`);
  return only;
}

const literal = (value: unknown) => (value === null ? 'null' : `'${String(value).replaceAll("'", "''")}'`);

/** The scans of its plan as its role: with these values in sight, and as the generic plan of a statement prepared for all values. */
async function scansOf(call: (spy: Db) => Promise<unknown>): Promise<Node[][]> {
  const { role, statement } = await sentBy(call);
  const values = statement.params.length === 0 ? '' : `(${statement.params.map(literal).join(', ')})`;
  const explain = async (mode: string) => {
    const rollback = new Error('only looking');
    let plan: Node | undefined;
    await owner
      .begin(async (sql) => {
        await sql.unsafe(`set local role longshore_${role}; set local plan_cache_mode = ${mode}`);
        await sql.unsafe(`prepare looked_at as ${statement.text}`);
        const [row] = await sql
          .unsafe(`explain (analyze, timing off, format json) execute looked_at ${values}`)
          .simple();
        plan = (row as { 'QUERY PLAN': { Plan: Node }[] } | undefined)?.['QUERY PLAN'][0]?.Plan;
        await sql`deallocate looked_at`;
        throw rollback;
      })
      .catch((error) => {
        if (error !== rollback) throw error;
      });
    if (!plan) throw new Error('no plan');
    return [...nodesOf(plan)].filter((node) => node['Relation Name'] !== undefined || node['Index Name'] !== undefined);
  };
  return [await explain('force_custom_plan'), await explain('force_generic_plan')];
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.Plans ?? []) yield* nodesOf(child);
}

const indexesOf = (scans: Node[]) => [...new Set(scans.flatMap((scan) => scan['Index Name'] ?? []))].sort();
const rowsOf = (scans: Node[]) =>
  Math.max(
    ...scans.map((scan) => (scan['Actual Rows'] + (scan['Rows Removed by Filter'] ?? 0)) * scan['Actual Loops']),
  );

describe('with many containers', () => {
  const page = (after: { at: string; id: string } | null) => ({ limit: 20, after });

  it('reads a page from the index of pages and stops at its end', async () => {
    for (const scans of await scansOf((spy) => listContainers(spy, tenant.big, {}, page(null)))) {
      expect(indexesOf(scans)).toEqual(['containers_page', 'runs_tenant_id_container_id_incarnation_pk']);
      expect(rowsOf(scans)).toBeLessThanOrEqual(21);
    }
  });

  it('goes on in the middle without reading what came before', async () => {
    const [middle] = await owner`select created_at as at, id from containers
      where tenant_id = ${tenant.big} and name = ${`name-${many / 2}`}`;
    const after = { at: new Date(middle?.at).toISOString(), id: String(middle?.id) };
    const found = await listContainers(db, tenant.big, {}, page(after));
    expect(found.map(({ name }) => name).slice(0, 2)).toEqual([`name-${many / 2 + 1}`, `name-${many / 2 + 2}`]);
    for (const scans of await scansOf((spy) => listContainers(spy, tenant.big, {}, page(after)))) {
      expect(indexesOf(scans)).toContain('containers_page');
      expect(rowsOf(scans)).toBeLessThanOrEqual(21);
    }
  });

  it('finds one by name, by id and by a prefix of its id, each by an index', async () => {
    const [{ id = '' } = {}] = await owner<{ id: string }[]>`select id from containers
      where tenant_id = ${tenant.big} and name = 'name-4711'`;
    for (const reference of ['name-4711', id, id.slice(0, 12)]) {
      expect((await findContainer(db, tenant.big, reference))?.name).toBe('name-4711');
      for (const scans of await scansOf((spy) => findContainer(spy, tenant.big, reference))) {
        expect(scans.filter((scan) => scan['Node Type'] === 'Seq Scan')).toEqual([]);
        expect(rowsOf(scans)).toBeLessThanOrEqual(2);
      }
    }
  });

  it('gives up on what is not there, and on an ambiguous prefix, just as quickly', async () => {
    for (const reference of ['no-such-name', 'f'.repeat(20), '1']) {
      for (const scans of await scansOf((spy) => findContainer(spy, tenant.big, reference).catch(() => null))) {
        expect(scans.filter((scan) => scan['Node Type'] === 'Seq Scan')).toEqual([]);
        expect(rowsOf(scans)).toBeLessThanOrEqual(2);
      }
    }
  });

  it('looks keys up by their id alone', async () => {
    const [{ id = '' } = {}] = await owner<
      { id: string }[]
    >`select id from api_keys where tenant_id = ${tenant.big} limit 1`;
    for (const scans of await scansOf((spy) => findKey(spy, id))) {
      expect(indexesOf(scans)).toContain('api_keys_id');
      expect(rowsOf(scans.filter((scan) => scan['Index Name'] === 'api_keys_id'))).toBe(1);
    }
  });

  it('claims what is due without looking at what is not', async () => {
    for (const scans of await scansOf((spy) => claimDue(spy, { owner: 'test', leaseSeconds: 0, limit: 5 }))) {
      expect(indexesOf(scans)).toContain('containers_due');
      expect(
        scans.filter((scan) => scan['Node Type'] === 'Seq Scan' && scan['Relation Name'] === 'containers'),
      ).toEqual([]);
    }
  });

  it('records the end of an operation without reading those that ended before', async () => {
    const container = await findContainer(db, tenant.small, 'name-1');
    if (!container) throw new Error('no container');
    await owner`insert into operations (tenant_id, id, container_id, kind, generation, state, actor, finished_at)
      select ${tenant.small}, gen_random_uuid(), ${container.id}, 'rename', 1, 'succeeded', '{}', now()
      from generate_series(1, 20000)`;
    await owner`insert into operations (tenant_id, id, container_id, kind, generation, actor)
      values (${tenant.small}, gen_random_uuid(), ${container.id}, 'rename', 1, '{}')`;
    await owner`analyze operations`;
    const entry: RunRecord = {
      container,
      fence: 0,
      run: container.run,
      events: [],
      removed: false,
      signalDelivered: false,
      lastError: null,
      attempts: 0,
      release: { afterSeconds: null, settled: true, failure: null },
      leaseSeconds: 6,
    };
    for (const scans of await scansOf((spy) => record(spy, entry))) {
      expect(indexesOf(scans)).toContain('operations_open');
      expect(rowsOf(scans.filter((scan) => scan['Relation Name'] === 'operations'))).toBeLessThanOrEqual(1);
    }
  });
});
