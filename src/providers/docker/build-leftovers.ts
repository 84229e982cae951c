/**
 * Images that builds leave and nobody holds: results, of which tenants have copies, earlier stages, and the steps before a failed
 * one. They make the next build quick, and go after two days, when their tenant asks, or with the sweeper.
 */

import { z } from 'zod';
import { unless } from '../../domain/errors.ts';
import type { BuildLeftover, CallOptions, OwnedObject } from '../provider.ts';
import { buildMark, isOurMark } from './build-mark.ts';
import type { Site } from './client.ts';
import { imagePath, inspectImage } from './image-details.ts';
import { holdPrefix } from './image-holds.ts';
import { emptyOnes } from './image-steps.ts';
import { buildLabel } from './labels.ts';

const keptSeconds = 2 * 24 * 3600;
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

/** Of a tenant's. */
export async function pruneBuilds(
  site: Site,
  tenantId: string,
  which: (leftover: BuildLeftover) => boolean,
  options: CallOptions,
): Promise<{ ids: string[]; sizeBytes: number }> {
  const ids: string[] = [];
  const staying = await heldLayers(site, tenantId, options);
  let sizeBytes = 0;
  const found = await leftovers(site, `${buildLabel}=${buildMark(site.installId, tenantId)}`, options);
  const wanted = found.filter(({ Created, Labels }) => which({ createdAt: Created * 1000, labels: Labels ?? {} }));
  for (const { Id } of wanted) {
    const layers = await layersOf(site, Id, options);
    if (!(await removeLeftover(site, Id, options))) continue;
    ids.push(Id);
    for (const [layer, size] of layers) {
      if (!staying.has(layer)) sizeBytes += size;
      staying.add(layer);
    }
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
    Created < clock.now() / 1000 - keptSeconds;

/** With its parents, as far as nothing else needs them. False: something came to use it, or it is gone. */
export async function removeLeftover(site: Site, id: string, options: CallOptions): Promise<boolean> {
  const request = { method: 'DELETE', path: imagePath(id), subject } as const;
  return unless(
    site.engine.call(request, options).then(() => true),
    ['conflict', 'not_found'],
    false,
  );
}

/** Of the images that the tenant has, which stay whatever leftover goes. */
async function heldLayers(site: Site, tenantId: string, options: CallOptions): Promise<Set<string>> {
  const filters = JSON.stringify({ reference: [`${holdPrefix(site.installId)}/${tenantId}`] });
  const held = await site.engine.ask(
    { method: 'GET', path: '/images/json', query: { filters }, subject },
    listed,
    options,
  );
  const layers = new Set<string>();
  for (const { Id } of held) {
    for (const layer of (await inspectImage(site, Id, options))?.RootFS.Layers ?? []) layers.add(layer);
  }
  return layers;
}

/** With their sizes. */
async function layersOf(site: Site, id: string, options: CallOptions): Promise<[layer: string, size: number][]> {
  const request = { method: 'GET', path: `${imagePath(id)}/history`, subject } as const;
  const steps = (await unless(site.engine.ask(request, history, options), ['not_found'], [])).toReversed();
  const layers = (await inspectImage(site, id, options))?.RootFS.Layers ?? [];
  const empty = emptyOnes(steps, layers.length) ?? steps.map(({ Size }) => Size === 0);
  const sizes = steps.filter((_, position) => !empty[position]).map(({ Size }) => Size);
  return layers.map((layer, position) => [layer, sizes[position] ?? 0]);
}
