import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Breach, invariant, openDatabase, runCampaign } from './campaign.ts';
import { mutants } from './mutants.ts';
import type { PgliteDb } from './pglite-db.ts';

const seed = 20260101;

describe('under crashes, lost replies, zombies and reordered hints', () => {
  let db: PgliteDb;
  beforeAll(async () => {
    db = await openDatabase();
  }, 60_000);
  afterAll(() => db.close());

  it('keeps every invariant in 300 schedules', async () => {
    expect(summary(await runCampaign(db, { seed, from: 0, to: 300, mutant: null, kind: null }))).toBeNull();
  }, 300_000);

  // Those of one provider's requests are in aws.aws.test.ts.
  for (const mutant of mutants.filter(({ kind }) => kind !== 'aws')) {
    it(`would notice the broken design ${mutant.name}`, async () => {
      const breach = await runCampaign(db, { seed, from: 0, to: 300, mutant, kind: null });
      expect(breach?.violations).toContainEqual(expect.stringMatching(invariant));
    }, 300_000);
  }
});

/** What to type to see it again. */
function summary(breach: Breach | null): string | null {
  return breach && `${breach.violations.join('; ')} (npm run simulate -- --seed ${seed} --schedule ${breach.schedule})`;
}
