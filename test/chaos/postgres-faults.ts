/**
 * Postgres under the customers' feet: it crashes and recovers, cuts connections off, aborts transactions as a busy one does;
 * with a pool of connections, then with one. Only while it is away may a request fail, and then with 503.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange, type Reply } from './exchange.ts';
import type { Installation } from './installation.ts';
import { type Setting, Trial, type Verdict } from './trial.ts';

const calmMs = 1_000;
const recoveryMs = 10_000;
const faults = ['crash', 'cut', 'abort'] as const;

/** From the fault until the API answered from the database again; by performance.now(). */
interface Outage {
  fromMs: number;
  untilMs: number;
}

export function postgresFaults(setting: Setting): Promise<Verdict> {
  return Trial.run(setting, async (trial) => {
    const { crowd, installation, random, server } = trial;
    const outages: Outage[] = [];
    const struck = { crash: 0, cut: 0, abort: 0 };
    await prepareAborts(installation);
    for (let round = 0; round < setting.count && !trial.hasFailed; round++) {
      if (round === Math.ceil(setting.count / 2)) {
        await server.end('SIGTERM');
        await server.start({ LONGSHORE_DATABASE_CONNECTIONS: '1' });
      }
      const fault = faults[round % faults.length] ?? 'crash';
      struck[fault] += 1;
      crowd.begin();
      await sleep(random.below(calmMs));
      const fromMs = performance.now();
      await strike(installation, fault);
      const isBack = await answersInTime(server.url, crowd.key);
      outages.push({ fromMs, untilMs: performance.now() });
      if (!isBack) trial.violations.push(`after ${fault} ${round}: no answer from the database for 10 s`);
      await sleep(random.below(calmMs));
      await trial.rest(`${fault} ${round}`, recoveryMs);
    }
    trial.violations.push(...crowd.errors.filter((reply) => !isExcused(reply, outages)).map(describe));
    return [
      `${struck.crash} crashes of Postgres, ${struck.cut} times connections cut, ${struck.abort} times transactions aborted`,
      `${crowd.acknowledged} operations acknowledged, ${crowd.errors.length} answered 503 while it was away`,
      `converged after each: ${trial.describedTimes}`,
    ];
  });
}

async function strike(installation: Installation, fault: (typeof faults)[number]): Promise<void> {
  const { cluster, sql } = installation;
  switch (fault) {
    case 'crash':
      await cluster.crash();
      return cluster.restart();
    case 'cut':
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where usename in ('longshore_app', 'longshore_reconciler') and (random() < 0.5 or state = 'active')`;
      return;
    case 'abort':
      await sql`update chaos_aborts set chance = 0.2`;
      await sleep(1_000);
      await sql`update chaos_aborts set chance = 0`;
  }
}

/** Triggers that fail a transaction as serialization and deadlocks do. */
async function prepareAborts({ sql }: Installation): Promise<void> {
  await sql.unsafe(`
    create table chaos_aborts (chance float8 not null);
    insert into chaos_aborts values (0);
    create function chaos_abort() returns trigger language plpgsql security definer as $$ begin
      if random() < (select chance from chaos_aborts) then
        if random() < 0.5 then raise exception 'chaos' using errcode = '40001'; end if;
        raise exception 'chaos' using errcode = '40P01';
      end if;
      return null;
    end $$;`);
  for (const table of ['containers', 'runs', 'operations', 'idempotency_keys']) {
    await sql.unsafe(
      `create trigger chaos_abort after insert or update on ${table} for each row execute function chaos_abort()`,
    );
  }
}

/** Asks until the API answers from the database; false at the deadline. */
async function answersInTime(url: string, key: string): Promise<boolean> {
  const deadline = performance.now() + recoveryMs;
  while (performance.now() < deadline) {
    const outcome = await exchange({ url, key }, { method: 'GET', path: '/v1/containers?limit=1' });
    if (typeof outcome !== 'string' && outcome.status === 200) return true;
    await sleep(20);
  }
  return false;
}

function isExcused({ status, retryAfter, startedMs, endedMs }: Reply, outages: readonly Outage[]): boolean {
  if (status !== 503 || retryAfter === null) return false;
  return outages.some(({ fromMs, untilMs }) => startedMs <= untilMs && endedMs >= fromMs);
}

const describe = ({ status, text }: Reply) =>
  `answered ${status} though the database was there, or without Retry-After: ${text}`;
