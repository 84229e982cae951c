/**
 * Images that builds leave and nobody holds: earlier stages, and the steps before a failed one. They make the next build quick,
 * and go after a day, when their tenant asks, or with the sweeper.
 */
import { z } from 'zod';
import type { CallOptions, OwnedObject } from '../provider.ts';
import { buildLabel, buildMark, isBuildMark, isOurMark } from './build-mark.ts';
import type { Site } from './client.ts';
import { unless } from './errors.ts';
import { imagePath } from './image-details.ts';

const kept = 24 * 3600;
/** Of old ones, the sweeper is shown so few at a time that it does not take them for a mistake of ours. */
const shownAtOnce = 5;
const cleaningMs = 20_000;

const subject = { noun: 'image' } as const;
const listed = z.array(
  z.object({ Id: z.string(), Created: z.number(), Labels: z.record(z.string(), z.string()).nullish() }),
);
const history = z.array(z.object({ CreatedBy: z.string(), Size: z.number() }));
type Leftover = z.infer<typeof listed>[number];

async function leftovers(site: Site, label: string, options: CallOptions): Promise<Leftover[]> {
  const filters = JSON.stringify({ dangling: ['true'], label: [label] });
  const request = { method: 'GET', path: '/images/json', query: { filters }, subject } as const;
  return site.engine.ask(request, listed, options);
}

/** All of a tenant's. */
export async function pruneBuilds(
  site: Site,
  tenantId: string,
  options: CallOptions,
): Promise<{ ids: string[]; sizeBytes: number }> {
  const ids: string[] = [];
  let sizeBytes = 0;
  for (const { Id } of await leftovers(site, `${buildLabel}=${buildMark(site.installId, tenantId)}`, options)) {
    const size = await ownSize(site, Id, options);
    if (!(await removeLeftover(site, Id, options))) continue;
    ids.push(Id);
    sizeBytes += size;
  }
  return { ids, sizeBytes };
}

/** After a build, whatever became of it: nobody waits for this, and the sweeper does what it leaves. */
export async function pruneOldBuilds(site: Site, tenantId: string): Promise<void> {
  const options = { signal: AbortSignal.timeout(cleaningMs) };
  try {
    const found = await leftovers(site, `${buildLabel}=${buildMark(site.installId, tenantId)}`, options);
    for (const { Id } of found.filter(isOld(site))) await removeLeftover(site, Id, options);
  } catch (error) {
    site.log('leftovers of builds are left to the sweeper', { err: error });
  }
}

/** Old ones of this installation, for the sweeper. */
export async function oldBuilds(site: Site, options: CallOptions): Promise<OwnedObject[]> {
  const found = (await leftovers(site, buildLabel, options)).filter(isOld(site));
  const ours = found.filter(({ Labels }) => isOurMark(site.installId, Labels?.[buildLabel]));
  const oldest = ours.sort((a, b) => a.Created - b.Created).slice(0, shownAtOnce);
  const noRun = { tenantId: '', containerId: null, incarnation: null, phase: null };
  return oldest.map(({ Id }) => ({ kind: 'image', key: Id, handle: Id, ...noRun }));
}

const isOld =
  ({ clock }: Site) =>
  ({ Created }: Leftover) =>
    Created < clock.now() / 1000 - kept;

/** With its parents, as far as nothing else needs them. False: something came to use it, or it is gone. */
export async function removeLeftover(site: Site, id: string, options: CallOptions): Promise<boolean> {
  const request = { method: 'DELETE', path: imagePath(id), subject } as const;
  return unless(
    site.engine.call(request, options).then(() => true),
    ['conflict', 'not_found'],
    false,
  );
}

/** What the build added to the image that it began with. */
async function ownSize(site: Site, id: string, options: CallOptions): Promise<number> {
  const request = { method: 'GET', path: `${imagePath(id)}/history`, subject } as const;
  const steps = await unless(site.engine.ask(request, history, options), ['not_found'], []);
  const first = steps.findLastIndex(({ CreatedBy }) => isBuildMark(CreatedBy));
  return steps.slice(0, first + 1).reduce((sum, { Size }) => sum + Size, 0);
}
