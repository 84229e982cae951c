/** What the provider has and no row owns: late arrivals of dead workers at once, the unexplained after a grace. */
import type { Deps } from '../context.ts';
import { nameOf, nudgeDiffering, ripeStrays, standings } from '../db/owned.ts';
import type { CallOptions, OwnedObject } from '../providers/provider.ts';

const LIST_MS = 30_000;
const DISCARD_MS = 20_000;
/** A stray may belong to a row that is being written, or to a database restored from a backup. */
const GRACE_SECONDS = 15 * 60;
/** More than this in one pass is not housekeeping but a mistake: nothing is removed. */
const BRAKE_COUNT = 10;
const BRAKE_SHARE = 0.05;

export interface OrphanReport {
  owned: number;
  discarded: number;
  strays: number;
  /** Objects that the brake left alone. */
  braked: number;
  /** Containers that are listed otherwise than they were last seen. */
  differing: number;
}

export interface Orphans {
  /** How much carries this installation's mark. */
  owned: OwnedObject[];
  strays: number;
  /** What one pass would remove. */
  doomed: OwnedObject[];
  /** They are too many: the brake holds them until the operator releases it. */
  isHeld: boolean;
}

/** Looks, and remembers which strays it saw. */
export async function findOrphans({ provider, db }: Deps, signal: AbortSignal): Promise<Orphans> {
  const owned = await provider.listOwned({ signal: AbortSignal.any([signal, AbortSignal.timeout(LIST_MS)]) });
  const standing = await standings(db, owned);
  const of = (wanted: string) => owned.filter((object) => standing.get(nameOf(object)) === wanted);
  const strays = of('stray');
  const ripe = await ripeStrays(db, strays, GRACE_SECONDS);
  const doomed = [...of('obsolete'), ...strays.filter((object) => ripe.has(nameOf(object)))];
  const isHeld = doomed.length > Math.max(BRAKE_COUNT, owned.length * BRAKE_SHARE);
  return { owned, strays: strays.length, doomed, isHeld };
}

/** One pass over everything that carries this installation's mark. */
export async function removeOrphans(deps: Deps, signal: AbortSignal): Promise<OrphanReport> {
  const { owned, strays, doomed, isHeld } = await findOrphans(deps, signal);
  const differing = await nudgeDiffering(deps.db, owned);
  const report = { owned: owned.length, discarded: 0, strays, braked: 0, differing };
  if (isHeld) {
    deps.log.error(
      { doomed: doomed.length, owned: owned.length },
      'too many orphans for one pass: removing none until the operator says so; was the database restored?',
    );
    return { ...report, braked: doomed.length };
  }
  return { ...report, discarded: await discardAll(deps, doomed, signal) };
}

/** Answers how many went; the others stay for the next pass. */
export async function discardAll(deps: Deps, doomed: OwnedObject[], signal: AbortSignal): Promise<number> {
  let discarded = 0;
  for (const object of doomed) {
    if (signal.aborted) break;
    const { kind, key } = object;
    deps.log.warn({ kind, key }, 'removing an orphan');
    try {
      await discard(deps, object, { signal: AbortSignal.any([signal, AbortSignal.timeout(DISCARD_MS)]) });
      discarded += 1;
    } catch (error) {
      if (!signal.aborted) deps.log.error({ err: error, kind, key }, 'an orphan stays; the next pass tries again');
    }
  }
  return discarded;
}

/** A pull may have given an image a row since the rows were read: then its tenant holds it again. */
async function discard({ db, provider }: Deps, object: OwnedObject, options: CallOptions): Promise<void> {
  await provider.discard(object, options);
  if (object.kind !== 'image') return;
  const standing = await standings(db, [object]);
  if (standing.get(nameOf(object)) === 'expected') await provider.images.hold(object.key, object.tenantId, options);
}
