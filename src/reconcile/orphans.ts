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

/** One pass over everything that carries this installation's mark. */
export async function removeOrphans(deps: Deps, signal: AbortSignal): Promise<OrphanReport> {
  const owned = await deps.provider.listOwned({ signal: AbortSignal.any([signal, AbortSignal.timeout(LIST_MS)]) });
  const standing = await standings(deps.db, owned);
  const of = (wanted: string) => owned.filter((object) => standing.get(nameOf(object)) === wanted);
  const strays = of('stray');
  const ripe = await ripeStrays(deps.db, strays, GRACE_SECONDS);
  const differing = await nudgeDiffering(deps.db, owned);
  const doomed = [...of('obsolete'), ...strays.filter((object) => ripe.has(nameOf(object)))];
  const report = { owned: owned.length, discarded: 0, strays: strays.length, braked: 0, differing };

  if (doomed.length > Math.max(BRAKE_COUNT, owned.length * BRAKE_SHARE)) {
    deps.log.error(
      { doomed: doomed.length, owned: owned.length },
      'too many orphans for one pass: removing none; was the database restored?',
    );
    return { ...report, braked: doomed.length };
  }
  for (const object of doomed) {
    if (signal.aborted) break;
    const { kind, key } = object;
    deps.log.warn({ kind, key }, 'removing an orphan');
    try {
      await discard(deps, object, { signal: AbortSignal.any([signal, AbortSignal.timeout(DISCARD_MS)]) });
      report.discarded += 1;
    } catch (error) {
      if (!signal.aborted) deps.log.error({ err: error, kind, key }, 'an orphan stays; the next pass tries again');
    }
  }
  return report;
}

/** A pull may have given an image a row since the rows were read: then its tenant holds it again. */
async function discard({ db, provider }: Deps, object: OwnedObject, options: CallOptions): Promise<void> {
  await provider.discard(object, options);
  if (object.kind !== 'image') return;
  const standing = await standings(db, [object]);
  if (standing.get(nameOf(object)) === 'expected') await provider.images.hold(object.key, object.tenantId, options);
}
