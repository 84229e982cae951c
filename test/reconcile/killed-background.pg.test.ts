/** A function of the background that is killed at any point of its work is made up for by its next invocation. Needs Postgres. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import type { ProviderEvent } from '../../src/providers/provider.ts';
import { carryOn, sweepFor } from '../../src/reconcile/bounded.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { type DatabaseTime, databaseTime } from '../support/database-time.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { listEvents } from '../support/events-of.ts';
import { killedAt } from '../support/killed.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

/** Longer than a lease, and less than until a container that lives is looked at anyway. */
const LEASE_SECONDS = 10;
const remaining = () => 30_000;

let database: TestDatabase;
let time: DatabaseTime;
let deps: Deps;
beforeAll(async () => {
  database = await testDatabase();
  time = databaseTime(database.url);
  deps = await testDeps(database.url, { LONGSHORE_QUOTA_CONTAINERS: '1000' });
});
afterAll(async () => {
  await deps.db.close();
  await time.close();
  await database.close();
});

/** A container whose process has died without anybody's knowledge, and what its provider says of that. */
async function deceased() {
  const ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
  const spec = containerSpec.parse({ image: 'app', command: ['serve'] });
  const { container } = await createContainer(deps, ctx, { spec, start: true });
  const { id, tenantId, run } = container;
  await deps.provider.kill({ key: run.providerKey, handle: run.handle }, 'KILL', {
    signal: AbortSignal.timeout(5_000),
  });
  const event: ProviderEvent = {
    tenantId,
    containerId: id,
    incarnation: run.incarnation,
    version: 1000,
    news: 'ended',
  };
  const expectDead = async () => {
    const seen = await getContainer(deps, ctx, id);
    expect(seen.run).toMatchObject({ phase: 'exited', exitCode: 137 });
    expect((await listEvents(database.url, id)).filter((type) => type === 'exited')).toEqual(['exited']);
  };
  return { event, expectDead };
}

/** Kills it at its first step, at its second, and so on until it gets through. Answers how often that was. */
async function atEveryStep(invoke: (deps: Deps, event: ProviderEvent) => Promise<unknown>): Promise<number> {
  for (let step = 1; ; step++) {
    const { event, expectDead } = await deceased();
    const wasKilled = await killedAt(deps, step, (mortal) => invoke(mortal, event));
    await time.advance(LEASE_SECONDS);
    // Nobody told the queue that the event was taken.
    await invoke(deps, event);
    await expectDead();
    if (!wasKilled) return step - 1;
  }
}

test('an invocation for events', async () => {
  const steps = await atEveryStep((mortal, event) => carryOn(mortal, [event], remaining));
  console.log(`killed at each of ${steps} steps`);
  expect(steps).toBeGreaterThanOrEqual(4);
});

test('an invocation of the sweep, which hears of no event', async () => {
  const steps = await atEveryStep((mortal) => sweepFor(mortal, remaining));
  console.log(`killed at each of ${steps} steps`);
  expect(steps).toBeGreaterThanOrEqual(6);
});
