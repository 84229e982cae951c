/**
 * Switching the background off while work is being accepted: every order of the steps of both, with one of them killed or frozen
 * anywhere. The real SQL on a Postgres in this process; the rule of EventBridge is a switch that orders reach after a while.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import type { Db, DbRole, Statement } from '../../src/db/client.ts';
import { readSchedule } from '../../src/db/schedule.ts';
import { markTenantDeleting } from '../../src/db/tenant-deletion.ts';
import { createPlaces } from '../../src/domain/places.ts';
import { createLog } from '../../src/log.ts';
import { goToSleep, scheduled } from '../../src/reconcile/schedule.ts';
import { openPglite, type PgliteDb } from '../simulation/pglite-db.ts';
import { EPOCH_MS, populateDatabase, tenantIds } from '../simulation/population.ts';
import { createRandom } from '../simulation/random.ts';
import { type Owner, Scheduler } from '../simulation/scheduler.ts';
import { everyHistory, someHistories } from './interleavings.ts';

/** What was sent arrives within so long, or never. */
const LATEST_MS = 9_900;
const [tenantId] = tenantIds;
const minute = 60_000;

let db: PgliteDb;
beforeAll(async () => {
  db = await openPglite('');
  await populateDatabase(db);
});
afterAll(() => db.close());

/** A world in which the rule is as the row says, or somebody was killed who was about to make it so. */
async function openWorld(state: 'on' | 'off' | 'closing', isEnabled: boolean, wrong: (db: Db) => Db = (db) => db) {
  const scheduler = new Scheduler(EPOCH_MS);
  const network: Owner = { name: 'the network', state: 'alive' };
  const rule = { isEnabled };
  db.setNow(scheduler.now);
  await db.asOwner(`update tenants set deleting_at = null; delete from strays;
    update schedule set state = '${state}', version = 1, changed_at = longshore_now() - interval '2 minutes', heard_at = longshore_now()`);

  function processOf(name: string): { owner: Owner; deps: Deps } {
    const owner: Owner = { name, state: 'alive' };
    const clock = scheduler.clockOf(owner);
    const before = async <T>(label: string, effect: () => Promise<T>): Promise<T> => {
      await scheduler.point(owner, label);
      db.setNow(scheduler.now);
      return effect();
    };
    const stepwise: Db = {
      query: (role, statement) => before(labelOf(statement.text), () => wrong(db).query(role, statement)),
      batch: (role, statements, check) => before('a transaction', () => db.batch(role, statements, check)),
      transaction: (role, run) => before('begin closing', () => db.transaction(role, run)),
      close: async () => {},
    };
    const send = async (label: string, isOn: boolean) => {
      await scheduler.point(owner, `${label} is sent`);
      await scheduler.point(network, `${name}'s order arrives`);
      rule.isEnabled = isOn;
    };
    const schedule = { enable: () => send('EnableRule', true), disable: () => send('DisableRule', false) };
    const deps = { db: stepwise, clock, schedule, log: createLog('silent') } as unknown as Deps;
    return { owner, deps: { ...deps, places: noPlaces } };
  }

  const accept = ({ deps }: ReturnType<typeof processOf>) =>
    scheduled(deps, () => markTenantDeleting(deps.db, tenantId, true));

  /** Without anybody else. */
  async function alone<T>(run: (deps: Deps) => Promise<T>): Promise<T> {
    const working = { done: false };
    const result = run(processOf('later').deps).finally(() => {
      working.done = true;
    });
    result.catch(() => {});
    for (await scheduler.rest(); !working.done; ) {
      const [waiter] = scheduler.ready();
      if (waiter) await scheduler.step(waiter);
      else scheduler.now = scheduler.nextAt() ?? scheduler.now;
    }
    return result;
  }

  /** As long as the rule is enabled it wakes somebody every minute, who goes to sleep when there is nothing to do. */
  async function turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      scheduler.now += minute;
      if (rule.isEnabled) await alone(goToSleep);
    }
  }
  const at = async () => {
    db.setNow(scheduler.now);
    return readSchedule(db);
  };
  const ending = async () => {
    const [row] =
      await db.asOwner(`select state, longshore_now() - changed_at as age, longshore_now() - heard_at as silence,
      (select count(*) from tenants where deleting_at is not null) as work from schedule`);
    return JSON.stringify({ ...row, isEnabled: rule.isEnabled });
  };
  return { scheduler, rule, processOf, accept, alone, turns, at, ending };
}

const noPlaces = {
  ...{ streams: createPlaces(1, 'x'), pulls: createPlaces(1, 'x'), verbs: createPlaces(1, 'x') },
  looks: createPlaces(1, 'x'),
};

function labelOf(text: string): string {
  if (/update tenants/.test(text)) return 'accept';
  if (/'off'/.test(text) && /update schedule/.test(text)) return 'end closing';
  if (/update schedule/.test(text)) return 'mark on';
  return 'read';
}

const beginnings = [
  ['the row and the rule are off', 'off', false],
  ['both are on, with nothing to do', 'on', true],
  ['somebody was killed who had switched off', 'closing', false],
] as const;

/** Answers how many histories there were. Rejects when one of them goes wrong. */
async function tryAll(state: 'on' | 'off' | 'closing', isEnabled: boolean, wrong?: (db: Db) => Db): Promise<number> {
  const endings = new Set<string>();
  const count = await everyHistory(async () => {
    const world = await openWorld(state, isEnabled, wrong);
    const { scheduler, rule } = world;
    const [acceptor, sweeper] = [world.processOf('accept'), world.processOf('sweep')];
    const ends: { accepted: boolean | unknown } = { accepted: false };
    world.accept(acceptor).then(
      () => {
        ends.accepted = true;
      },
      (error: unknown) => {
        ends.accepted = error;
      },
    );
    goToSleep(sweeper.deps).catch((error: unknown) => {
      ends.accepted = error;
    });
    return {
      scheduler,
      processes: [acceptor.owner, sweeper.owner],
      delay: ({ name }) => {
        const sent = scheduler.ready().find(({ label }) => label === `${name}'s order arrives`);
        if (!sent) return null;
        return () => {
          sent.at += LATEST_MS;
        };
      },
      judge: async () => {
        const { hasWork } = await world.at();
        if (acceptor.owner.state !== 'dead') expect(ends.accepted).toBe(true);
        if (hasWork) expect(rule.isEnabled, 'there is work, and the rule').toBe(true);
        // What follows depends on nothing but how this ended.
        const end = await world.ending();
        if (endings.has(end)) return;
        endings.add(end);
        await world.turns(1);
        if (hasWork) expect(rule.isEnabled, 'a minute later the rule').toBe(true);
        await world.alone((deps) => scheduled(deps, () => markTenantDeleting(deps.db, tenantId, true)));
        expect(rule.isEnabled, 'after the next accept the rule').toBe(true);
        await db.asOwner('update tenants set deleting_at = null');
        await world.turns(2);
        expect(rule.isEnabled, 'with nothing left to do the rule').toBe(false);
        expect(await world.at()).toMatchObject({ isOn: false, isClosing: false });
      },
    };
  }, 1);
  console.log(`${count} histories with ${endings.size} endings`);
  return count;
}

test.each(beginnings)('work that was accepted is carried on, in every history: %s', async (_name, state, isEnabled) => {
  expect(await tryAll(state, isEnabled)).toBeGreaterThan(150);
});

const replaced = (pattern: RegExp, text: string) => (db: Db) => ({
  ...db,
  query: (role: DbRole, statement: Statement) =>
    db.query(role, { ...statement, text: statement.text.replace(pattern, text) }),
});

test.each([
  ['does not ask for the row', 'on', replaced(/not \$1::boolean or/, 'not $1::boolean or true or')],
  [
    'does not wait for an order to switch off',
    'on',
    replaced(/\(state = 'closing'.*?\) as closing/, 'false as closing'),
  ],
  [
    'does not mind what happened since it read the row',
    'off',
    replaced(/where version = \$1::bigint/, 'where $1::bigint >= 0'),
  ],
] as const)('would notice who %s', async (_name, state, wrong) => {
  await expect(tryAll(state, state === 'on', wrong)).rejects.toThrow(/the rule: expected false to be true/);
});

test('two who switch off at once are one too many for nobody who accepts, in every order', async () => {
  const count = await everyHistory(async () => {
    const world = await openWorld('on', true);
    const acceptor = world.processOf('accept');
    const sweepers = [world.processOf('sweep'), world.processOf('another sweep')];
    const accepted = world.accept(acceptor);
    const asleep = Promise.all(sweepers.map(({ deps }) => goToSleep(deps)));
    return {
      scheduler: world.scheduler,
      processes: [],
      judge: async () => {
        await Promise.all([accepted, asleep]);
        expect((await world.at()).hasWork).toBe(true);
        expect(world.rule.isEnabled).toBe(true);
      },
    };
  }, 0);
  console.log(`${count} histories`);
  expect(count).toBeGreaterThan(100);
});

test('of several who accept and go to sleep at once, one of whom may die, none is left alone', async () => {
  const crowd = async () => {
    const world = await openWorld('on', true);
    const acceptors = ['accept', 'another accept'].map((name) => world.processOf(name));
    const sweepers = ['sweep', 'another sweep'].map((name) => world.processOf(name));
    const accepted = acceptors.map(async (each) => {
      await world.accept(each);
      return each;
    });
    const asleep = sweepers.map(({ deps }) => goToSleep(deps));
    return {
      scheduler: world.scheduler,
      processes: [...acceptors, ...sweepers].map(({ owner }) => owner),
      judge: async () => {
        const living = (at: number) => acceptors[at]?.owner.state !== 'dead';
        await Promise.all(accepted.filter((_, at) => living(at)));
        await Promise.all(asleep.filter((_, at) => sweepers[at]?.owner.state !== 'dead'));
        if ((await world.at()).hasWork) expect(world.rule.isEnabled, 'there is work, and the rule').toBe(true);
      },
    };
  };
  await someHistories(crowd, 1, 500, createRandom(3, 1));
});

test('a rule that somebody else switched off is switched on by the next who brings work', async () => {
  const world = await openWorld('on', false);
  world.scheduler.now += 6 * minute;
  await world.alone((deps) => scheduled(deps, () => markTenantDeleting(deps.db, tenantId, true)));
  expect(world.rule.isEnabled).toBe(true);
});

test('work is refused as unavailable, and not accepted, while the rule cannot be switched on', async () => {
  const world = await openWorld('off', false);
  const { deps } = world.processOf('accept');
  const broken = {
    ...deps,
    db,
    schedule: { enable: () => Promise.reject(new Error('denied')), disable: async () => {} },
  };
  await expect(scheduled(broken, () => markTenantDeleting(db, tenantId, true))).rejects.toThrow('denied');
  expect((await world.at()).hasWork).toBe(false);
});
