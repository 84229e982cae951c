import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { type TenantRows, writeTenantRows } from '../support/tenant-rows.ts';

const app = 'longshore_app';
const reconciler = 'longshore_reconciler';

/** Everything that a tenant's session may do. A right that is not here is one too many. */
const rightsOfApp: Record<string, string[]> = {
  certificates: ['INSERT', 'SELECT', 'UPDATE (revoked_at)'],
  container_networks: ['DELETE', 'INSERT', 'SELECT'],
  container_volumes: ['INSERT', 'SELECT'],
  containers: ['INSERT', 'SELECT', 'UPDATE'],
  events: ['INSERT', 'SELECT'],
  execs: ['INSERT', 'SELECT', 'UPDATE'],
  idempotency_keys: ['DELETE', 'INSERT', 'SELECT', 'UPDATE'],
  image_tags: ['DELETE', 'INSERT', 'SELECT', 'UPDATE'],
  images: ['DELETE', 'INSERT', 'SELECT', 'UPDATE'],
  networks: ['DELETE', 'INSERT', 'SELECT', 'UPDATE'],
  operations: ['INSERT', 'SELECT', 'UPDATE'],
  quotas: ['SELECT', 'UPDATE (used)'],
  rate_buckets: ['INSERT', 'SELECT', 'UPDATE'],
  runs: ['INSERT', 'SELECT'],
  schedule: ['SELECT (heard_at, state)'],
  tenant_heads: ['SELECT', 'UPDATE'],
  tickets: ['INSERT'],
  volumes: ['DELETE', 'INSERT', 'SELECT', 'UPDATE'],
};

let database: TestDatabase;
let owner: postgres.Sql;
let a: TenantRows;
let b: TenantRows;
let tenantTables: string[];

beforeAll(async () => {
  database = await testDatabase();
  owner = postgres({ ...connectionOptions(database.url), max: 4 });
  [a, b] = [await writeTenantRows(owner, 'a'), await writeTenantRows(owner, 'b')];
  const tables = await owner<{ name: string }[]>`select table_name as name from information_schema.columns
    where table_schema = 'public' and column_name = 'tenant_id' order by 1`;
  tenantTables = tables.map(({ name }) => name);
});
afterAll(async () => {
  await owner?.end();
  await database?.close();
});

describe('the catalogue', () => {
  it('has row-level security enabled and forced on every table with tenant_id', async () => {
    const walled = await owner<{ name: string }[]>`select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relrowsecurity and relforcerowsecurity order by 1`;
    expect(walled.map(({ name }) => name)).toEqual(tenantTables);
    expect(tenantTables).toContain('containers');
  });

  it('knows every table without tenant_id; of one a tenant may see whether it is on, of the others nothing', async () => {
    const others = await owner<{ name: string; readable: boolean }[]>`select relname as name,
        has_any_column_privilege(${app}, oid, 'select, insert, update, references') or has_table_privilege(${app}, oid, 'delete, truncate') as readable
      from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and not relname = any(${tenantTables}) order by 1`;
    expect(others).toEqual(
      ['installation', 'request_buckets', 'schedule', 'strays', 'sweep_turns', 'tenants'].map((name) => ({
        name,
        readable: name === 'schedule',
      })),
    );
  });

  it('lets the app see and write its own tenant only, by a policy that checks writes too', async () => {
    const policies = await owner`select tablename, policyname, permissive, cmd, qual, with_check from pg_policies
      where ${app} = any(roles) order by 1, 2`;
    for (const table of tenantTables) {
      const [wall, ...more] = policies.filter(({ tablename }) => tablename === table).reverse();
      const own =
        /^\(tenant_id = \( SELECT \(NULLIF\(current_setting\('app\.tenant_id'::text, true\), ''::text\)\)::uuid AS "nullif"\)\)$/;
      expect(wall).toMatchObject({ policyname: `${table}_tenant`, permissive: 'PERMISSIVE', cmd: 'ALL' });
      expect(wall?.qual).toMatch(own);
      expect(wall?.with_check).toMatch(own);
      for (const policy of more) {
        expect([table, policy.cmd, policy.qual]).toEqual([
          table,
          'SELECT',
          "(tenant_id = '00000000-0000-0000-0000-000000000000'::uuid)",
        ]);
        expect(['image_tags', 'images']).toContain(table);
      }
    }
  });

  it('has no policy for everybody, and none without a check on what may be written', async () => {
    const open = await owner`select tablename, policyname from pg_policies
      where 'public' = any(roles) or (cmd <> 'SELECT' and with_check is null)`;
    expect([...open]).toEqual([]);
  });

  it('puts tenant_id first in every primary and unique key of a table that has it', async () => {
    const keys = await owner<{ name: string; leads: boolean }[]>`select i.indexrelid::regclass::text as name,
        (select attname from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[0]) = 'tenant_id' as leads
      from pg_index i join pg_class c on c.oid = i.indrelid where i.indisunique and c.relname = any(${tenantTables})`;
    expect(keys.length).toBeGreaterThanOrEqual(tenantTables.length);
    expect(keys.filter(({ leads }) => !leads)).toEqual([]);
  });

  it('carries tenant_id in every foreign key, because Postgres checks those past row-level security', async () => {
    const keys = await owner<{ name: string; from: string; to: string; target: string }[]>`select conname as name,
        confrelid::regclass::text as target,
        (select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1]) as from,
        (select attname from pg_attribute where attrelid = confrelid and attnum = confkey[1]) as to
      from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`;
    expect(keys.length).toBeGreaterThan(0);
    const wrong = keys.filter(
      ({ from, to, target }) => from !== 'tenant_id' || to !== (target === 'tenants' ? 'id' : 'tenant_id'),
    );
    expect(wrong).toEqual([]);
  });

  it('has nothing that runs or reads with the rights of its owner', async () => {
    const definers = await owner`select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace`;
    const views =
      await owner`select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')`;
    expect([...definers, ...views]).toEqual([]);
  });
});

describe('the roles', () => {
  it('can neither pass the walls nor become anybody else', async () => {
    const roles = await owner`select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
        (select count(*)::int from pg_auth_members m where m.member = r.oid) as memberships,
        (select count(*)::int from pg_class c where c.relowner = r.oid) as owned
      from pg_roles r where rolname in (${app}, ${reconciler}) order by 1`;
    const nothing = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
    };
    expect([...roles]).toEqual([app, reconciler].map((rolname) => ({ rolname, ...nothing, memberships: 0, owned: 0 })));
  });

  it('end stuck statements and abandoned transactions by themselves', async () => {
    const [bounds] = await owner`select rolconfig from pg_roles where rolname = ${app}`;
    expect(bounds?.rolconfig).toEqual(['statement_timeout=5s', 'idle_in_transaction_session_timeout=10s']);
  });

  it('have the rights they need and no other: a tenant exactly these', async () => {
    const tables = await owner<{ table: string; right: string }[]>`select table_name as table, privilege_type as right
      from information_schema.role_table_grants where grantee = ${app}`;
    const columns = await owner<{ table: string; right: string }[]>`select g.table_name as table,
        g.privilege_type || ' (' || string_agg(g.column_name, ', ') || ')' as right
      from information_schema.role_column_grants g where g.grantee = ${app} and not exists (select from
        information_schema.role_table_grants t where t.grantee = g.grantee and t.table_name = g.table_name and t.privilege_type = g.privilege_type)
      group by g.table_name, g.privilege_type`;
    const found = Object.groupBy([...tables, ...columns], ({ table }) => table);
    const rights = Object.fromEntries(
      Object.entries(found).map(([table, list]) => [table, list?.map(({ right }) => right).sort()]),
    );
    expect(rights).toEqual(rightsOfApp);
  });

  it('may not truncate, reference or hook into any table, nor make one', async () => {
    const rights = await owner`select grantee, table_name, privilege_type from information_schema.role_table_grants
      where grantee in (${app}, ${reconciler}, 'PUBLIC') and table_schema = 'public' and privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER')`;
    expect([...rights]).toEqual([]);
    for (const role of [app, reconciler]) {
      await expect(
        owner.begin((sql) => [sql`set local role ${sql(role)}`, sql`create table mine ()`]),
      ).rejects.toMatchObject({ code: '42501' });
    }
  });
});

describe('a session of tenant a, with any SQL it likes', () => {
  /** Runs as the app's role for a tenant; rolls back. */
  const as = async <T>(tenantId: string | null, run: (sql: postgres.TransactionSql) => Promise<T>): Promise<T> => {
    const undo = Symbol('undo');
    let result: T | undefined;
    await owner
      .begin(async (sql) => {
        await sql`set local role longshore_app`;
        if (tenantId !== null) await sql`select set_config('app.tenant_id', ${tenantId}, true)`;
        result = await run(sql);
        throw undo;
      })
      .catch((error) => {
        if (error !== undo) throw error;
      });
    return result as T;
  };
  const can = (table: string, right: string) => rightsOfApp[table]?.some((each) => each.startsWith(right)) ?? false;
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no refusal',
      (error: postgres.PostgresError) => error.code,
    );

  it('reads its own rows of every table it may read, and none of another tenant', async () => {
    for (const table of tenantTables.filter((name) => can(name, 'SELECT'))) {
      const [everything] =
        await owner`select count(*)::int as rows from ${owner(table)} where tenant_id in (${a.tenantId}, ${b.tenantId})`;
      expect([table, everything?.rows]).toEqual([table, 2]);
      const seen = await as(a.tenantId, (sql) => sql<{ tenant_id: string }[]>`select tenant_id from ${sql(table)}`);
      expect([table, ...seen.map((row) => row.tenant_id)]).toEqual([table, a.tenantId]);
    }
  });

  it('sees nothing at all before it says which tenant it is, and after saying the empty one', async () => {
    for (const tenant of [null, '']) {
      for (const table of tenantTables.filter((name) => can(name, 'SELECT'))) {
        const seen = await as(tenant, (sql) => sql`select 1 from ${sql(table)}`);
        expect([table, seen.length]).toEqual([table, 0]);
      }
    }
  });

  it('changes and deletes no row of another tenant', async () => {
    for (const table of tenantTables) {
      const target = owner`${owner(table)} where tenant_id = ${b.tenantId}`;
      if (can(table, 'DELETE'))
        expect([table, (await as(a.tenantId, (sql) => sql`delete from ${target} returning 1`)).length]).toEqual([
          table,
          0,
        ]);
      const column = { quotas: 'used', certificates: 'revoked_at' }[table] ?? 'tenant_id';
      const update = as(
        a.tenantId,
        (sql) =>
          sql`update ${sql(table)} set ${sql(column)} = ${sql(column)} where tenant_id = ${b.tenantId} returning 1`,
      );
      if (can(table, 'UPDATE')) expect([table, (await update).length]).toEqual([table, 0]);
      else expect([table, await refusal(update)]).toEqual([table, '42501']);
    }
  });

  it('writes no row for another tenant, and gives none of its own away', async () => {
    const insert = as(
      a.tenantId,
      (sql) => sql`insert into volumes (tenant_id, name, labels, provider_key) values (${b.tenantId}, 'x', '{}', 'x')`,
    );
    const gift = as(a.tenantId, (sql) => sql`update networks set tenant_id = ${b.tenantId}`);
    const event = as(
      a.tenantId,
      (sql) =>
        sql`insert into events select ${b.tenantId}, 2, at, kind, type, resource_id, name, actor, cause, data from events`,
    );
    expect(await Promise.all([insert, gift, event].map(refusal))).toEqual(['42501', '42501', '42501']);
  });

  it('cannot learn by a foreign key whether another tenant has something', async () => {
    const attach = (networkId: string) =>
      refusal(
        as(a.tenantId, async (sql) => {
          await sql`insert into container_networks (tenant_id, container_id, network_id) values (${a.tenantId}, ${a.containerId}, ${networkId})`;
        }),
      );
    expect([await attach(b.networkId), await attach('0'.repeat(64))]).toEqual(['23503', '23503']);
    const pin = (imageId: string) =>
      refusal(
        as(
          a.tenantId,
          (sql) =>
            sql`insert into image_tags (tenant_id, repository, tag, image_id) values (${a.tenantId}, 'x', 'y', ${imageId})`,
        ),
      );
    expect([await pin(b.imageId), await pin('sha256:0')]).toEqual(['23503', '23503']);
  });

  it('cannot rewrite what happened, raise its quota, or look at keys', async () => {
    const attempts = [
      as(a.tenantId, (sql) => sql`update events set type = 'nothing'`),
      as(a.tenantId, (sql) => sql`delete from events`),
      as(a.tenantId, (sql) => sql`update quotas set lim = 1000000`),
      as(a.tenantId, (sql) => sql`select * from api_keys`),
      as(a.tenantId, (sql) => sql`select * from tickets`),
      as(
        a.tenantId,
        (sql) =>
          sql`create or replace function longshore_now() returns timestamptz language sql as $$select 'epoch'::timestamptz$$`,
      ),
    ];
    expect(await Promise.all(attempts.map(refusal))).toEqual(attempts.map(() => '42501'));
  });
});
