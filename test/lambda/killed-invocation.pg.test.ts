/**
 * An invocation that is killed, at each place where it waits: before and after each transaction and each call of the provider. What
 * it had accepted is brought to its end by the sweep, what it had not has left nothing, and its client, who heard nothing and asks
 * again under the same key, has had one effect.
 */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { connectionOptions, type Db } from '../../src/db/client.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { createMemoryProvider } from '../../src/providers/memory/memory.ts';
import { createWorld, type MemoryWorld } from '../../src/providers/memory/world.ts';
import { sweep } from '../../src/reconcile/sweep.ts';
import { testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { workOffDue } from '../support/work-off-due.ts';
import { type ApiFunction, apiFunction } from './api-function.ts';

const operatorKey = newApiKey(randomBytes).key;
/** Longer than the leases of what a dead process held. */
const AFTER_SECONDS = 10;

/** A process, or what is left of it: behind the last point that it may pass it stands still for ever. */
class Mortal {
  passed = 0;
  readonly #last: number;
  readonly #died = Promise.withResolvers<void>();
  readonly died = this.#died.promise;

  constructor(last = Number.POSITIVE_INFINITY) {
    this.#last = last;
  }

  async point(): Promise<void> {
    if (this.passed < this.#last) {
      this.passed += 1;
      return;
    }
    this.#died.resolve();
    await new Promise(() => {});
  }

  db(db: Db): Db {
    const around = async <T>(call: () => Promise<T>): Promise<T> => {
      await this.point();
      const result = await call();
      await this.point();
      return result;
    };
    return {
      query: (role, statement) => around(() => db.query(role, statement)),
      batch: (role, statements, check) => around(() => db.batch(role, statements, check)),
      transaction: (role, run) => around(() => db.transaction(role, run)),
      close: () => db.close(),
    };
  }
}

interface Verb {
  name: string;
  /** Brings a container to where the verb is asked for. */
  before?: readonly string[];
  path: (id: string) => string;
  body: (name: string) => unknown;
  /** Of the container in the end, once the client has asked again. */
  status: string;
  accepted: string;
}

const onContainer = (verb: string) => ({ path: (id: string) => `/v1/containers/${id}/${verb}`, body: () => ({}) });
const verbs: Verb[] = [
  {
    name: 'create and start',
    path: () => '/v1/containers',
    body: (name) => ({ image: 'app', name, command: ['sleep', '600'], start: true }),
    status: 'running',
    accepted: 'accepted.create',
  },
  { name: 'start', ...onContainer('start'), status: 'running', accepted: 'accepted.start' },
  { name: 'stop', before: ['start'], ...onContainer('stop'), status: 'exited', accepted: 'accepted.stop' },
  { name: 'restart', before: ['start'], ...onContainer('restart'), status: 'running', accepted: 'accepted.restart' },
  { name: 'pause', before: ['start'], ...onContainer('pause'), status: 'paused', accepted: 'accepted.pause' },
];

describe.for([
  ['a provider that starts a run again', true],
  ['a provider whose runs never start again', false],
] as const)('with %s', ([, restartInPlace]) => {
  let database: TestDatabase;
  let sql: postgres.Sql;
  let world: MemoryWorld;
  let sweeper: Deps;
  let tenantKey: string;
  let offsetSeconds = 0;

  const depsOf = async (mortal: Mortal): Promise<Deps> => {
    const deps = await testDeps(database.url, {
      LONGSHORE_QUOTA_CONTAINERS: '10000',
      LONGSHORE_DATABASE_CONNECTIONS: '1',
      LONGSHORE_OPERATOR_KEY: operatorKey,
    });
    const faults = { before: () => mortal.point(), after: () => mortal.point() };
    const provider = createMemoryProvider({ installId: 'test', clock: systemClock, ids: systemIds, world, faults });
    return { ...deps, db: mortal.db(deps.db), provider };
  };
  /** An instance of the function. */
  const instance = (mortal = new Mortal()): { api: ApiFunction; end(): Promise<void> } => {
    const opened = Promise.withResolvers<Deps>();
    const env = { LONGSHORE_PROVIDER: 'memory', DATABASE_URL: database.url };
    const api = apiFunction(env, async () => {
      const deps = await depsOf(mortal);
      opened.resolve(deps);
      return deps;
    });
    return { api, end: async () => (await opened.promise).db.close() };
  };
  const send = (api: ApiFunction, method: string, target: string, body?: unknown, more: Record<string, string> = {}) =>
    api.send({
      method,
      target,
      headers: { Authorization: `Bearer ${tenantKey}`, 'Content-Type': 'application/json', ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const answerOf = async ({ head, text, done }: ReturnType<typeof send>) => {
    const [{ statusCode }, body] = await Promise.all([head, text(), done]);
    return { status: statusCode, body: body === '' ? null : JSON.parse(body) };
  };

  beforeAll(async () => {
    database = await testDatabase();
    world = createWorld({ restartInPlace });
    sql = postgres({ ...connectionOptions(database.url), max: 1 });
    sweeper = await depsOf(new Mortal());
    const { api, end } = instance();
    tenantKey = operatorKey;
    await answerOf(send(api, 'POST', '/v1/tenants', { name: 'a' }));
    const { body } = await answerOf(send(api, 'POST', '/v1/tenants/a/keys', { name: 'k', role: 'admin' }));
    tenantKey = body.key;
    expect((await answerOf(send(api, 'POST', '/v1/images/pull', { reference: 'app' }))).status).toBeLessThan(300);
    await end();
  });
  afterAll(async () => {
    await sweeper.db.close();
    await sql.end();
    await database.close();
  });

  /** Time goes by, and the sweep works off what is due, until nothing is. */
  async function recover(): Promise<void> {
    offsetSeconds += AFTER_SECONDS;
    await sql.unsafe(`create or replace function longshore_now() returns timestamptz language sql stable parallel safe
      as $$select date_trunc('milliseconds', now()) + interval '${offsetSeconds} s'$$`);
    await sweep(sweeper, AbortSignal.timeout(30_000));
    while ((await workOffDue(sweeper, 50)) > 0);
  }

  test.for(verbs)('$name, killed at each point', async (verb) => {
    const whole = new Mortal();
    let killed = 0;
    for (let last = 0; ; last++) {
      const name = `${verb.name.replaceAll(' ', '-')}-${last}`;
      const calm = instance();
      let id = '';
      if (verb.accepted !== 'accepted.create') {
        const made = { image: 'app', name, command: ['sleep', '600'] };
        ({ id } = (await answerOf(send(calm.api, 'POST', '/v1/containers', made))).body);
        for (const step of verb.before ?? []) {
          expect((await answerOf(send(calm.api, 'POST', `/v1/containers/${id}/${step}`, {}))).status).toBe(200);
        }
      }
      const mortal = new Mortal(last);
      const dying = instance(mortal);
      const key = { 'Idempotency-Key': name };
      const first = send(dying.api, 'POST', verb.path(id), verb.body(name), key);
      const isOver = await Promise.race([mortal.died.then(() => false), answerOf(first).then(() => true)]);
      if (isOver) whole.passed = mortal.passed;
      else killed += 1;
      await recover();
      const second = await answerOf(send(calm.api, 'POST', verb.path(id), verb.body(name), key));
      expect([name, second.status], JSON.stringify(second.body)).toEqual([name, expect.toBeOneOf([200, 201])]);
      const { body: container } = await answerOf(send(calm.api, 'GET', `/v1/containers/${name}`));
      expect([name, container.status]).toEqual([name, verb.status]);
      const accepted = await sql`select from events where resource_id = ${container.id} and type = ${verb.accepted}`;
      expect([name, accepted.length]).toEqual([name, 1]);
      const own = [...world.runs.values()].filter(({ input }) => input.key.includes(container.id));
      expect([name, own.filter(({ seen }) => seen.phase === 'running' || seen.phase === 'paused').length]).toEqual([
        name,
        verb.status === 'exited' ? 0 : 1,
      ]);
      await Promise.all([calm.end(), dying.end()]);
      if (isOver) break;
    }
    expect(killed).toBe(whole.passed);
    expect(killed).toBeGreaterThan(10);
  });
});
