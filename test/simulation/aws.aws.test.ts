/** A few schedules of the simulation over the fake of AWS; `npm run simulate -- --provider aws` runs any number. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { invariant, openDatabase, runCampaign } from './campaign.ts';
import { mutants } from './mutants.ts';
import type { PgliteDb } from './pglite-db.ts';

const seed = 1;
let db: PgliteDb;
beforeAll(async () => {
  db = await openDatabase();
});
afterAll(() => db.close());

it('keeps every invariant while AWS is late, forgetful, out of reach and asked by processes that die', async () => {
  const breach = await runCampaign(db, { seed, from: 0, to: 10, mutant: null, kind: 'aws' });
  expect(
    breach && `${breach.violations.join('; ')} (--provider aws --seed ${seed} --schedule ${breach.schedule})`,
  ).toBeNull();
}, 600_000);

/** The schedules that notice a broken design, so that all the others need not run. */
const noticed: Record<string, number> = { 'random-token': 4, 'unconditional-records': 88 };

for (const [name, schedule] of Object.entries(noticed)) {
  it(`would notice the broken design ${name}`, async () => {
    const mutant = mutants.find((each) => each.name === name) ?? null;
    const breach = await runCampaign(db, { seed, from: schedule, to: schedule + 1, mutant, kind: 'aws' });
    expect(breach?.violations).toContainEqual(expect.stringMatching(invariant));
  }, 300_000);
}
