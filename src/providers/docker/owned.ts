/** Everything on the Engine that carries this installation's mark: for the sweep that looks for what no row owns. */
import { z } from 'zod';
import type { CallOptions, OwnedObject } from '../provider.ts';
import { oldBuilds, removeLeftover } from './build-leftovers.ts';
import { isOurMark } from './build-mark.ts';
import type { Site } from './client.ts';
import { holdPrefix, releaseImage, untag } from './image-holds.ts';
import { buildLabel, hasMark, ownedBy, readMark } from './labels.ts';
import { removeNetwork } from './networks.ts';
import { phases, status } from './observe.ts';
import { destroyRun } from './runs.ts';
import { removeVolume } from './volumes.ts';

const labels = z.record(z.string(), z.string()).nullish();
const containers = z.array(z.object({ Id: z.string(), Names: z.array(z.string()), Labels: labels, State: status }));
const networks = z.array(z.object({ Id: z.string(), Name: z.string(), Labels: labels }));
const volumes = z.object({ Volumes: z.array(z.object({ Name: z.string(), Labels: labels })).nullish() });
const images = z.array(z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() }));

const subject = { noun: 'engine' } as const;

export async function listOwned(site: Site, options: CallOptions): Promise<OwnedObject[]> {
  const mine = ownedBy(site.installId);
  const list = <T>(path: string, query: Record<string, unknown>, schema: z.ZodType<T>) =>
    site.engine.ask({ method: 'GET', path, query, subject }, schema, options);
  const prefix = holdPrefix(site.installId);
  const reference = { filters: JSON.stringify({ reference: [`${prefix}/*`] }) };
  const [foundContainers, foundNetworks, foundVolumes, foundImages, foundBuilds, foundSteps] = await Promise.all([
    list('/containers/json', { all: true, ...mine }, containers),
    list('/networks', mine, networks),
    list('/volumes', mine, volumes),
    list('/images/json', reference, images),
    oldBuilds(site, options),
    list('/containers/json', { all: true, filters: JSON.stringify({ label: [buildLabel] }) }, containers),
  ]);
  return [
    ...foundContainers.map(({ Id, Names, Labels, State }) => ({
      kind: 'container' as const,
      key: Names[0]?.slice(1) ?? Id,
      handle: Id,
      ...readMark(Labels),
      phase: phases[State],
    })),
    ...foundNetworks.map(({ Id, Name, Labels }) => ({
      kind: 'network' as const,
      key: Name,
      handle: Id,
      ...readMark(Labels),
      phase: null,
    })),
    ...(foundVolumes.Volumes ?? []).map(({ Name, Labels }) => ({
      kind: 'volume' as const,
      key: Name,
      handle: Name,
      ...readMark(Labels),
      phase: null,
    })),
    ...foundImages.flatMap(({ Id, RepoTags }) =>
      (RepoTags ?? [])
        .filter((tag) => tag.startsWith(`${prefix}/`))
        .map((handle) => ({
          kind: 'image' as const,
          key: Id,
          handle,
          tenantId: handle.slice(prefix.length + 1, handle.lastIndexOf(':')),
          containerId: null,
          incarnation: null,
          phase: null,
        })),
    ),
    ...foundBuilds,
    ...leftSteps(site, foundSteps),
  ];
}

/** Containers of a build's steps that outlived it, which happens when the Engine dies. What tenants get has no such label. */
function leftSteps(site: Site, found: z.infer<typeof containers>): OwnedObject[] {
  const left = found.filter(
    ({ Labels, State }) =>
      isOurMark(site.installId, Labels?.[buildLabel]) && !hasMark(Labels) && phases[State] !== 'running',
  );
  return left.map(({ Id, Names }) => ({
    kind: 'container',
    key: Names[0]?.slice(1) ?? Id,
    handle: Id,
    ...readMark(null),
    phase: null,
  }));
}

export async function discard(site: Site, object: OwnedObject, options: CallOptions): Promise<void> {
  switch (object.kind) {
    case 'container':
      return destroyRun(site, object.handle, options);
    case 'image':
      if (object.handle === object.key) return void (await removeLeftover(site, object.key, options));
      await releaseImage(site, object.key, object.tenantId, options);
      return untag(site, object.handle, options);
    case 'network':
      return removeNetwork(site, object.handle, options);
    case 'volume':
      return removeVolume(site, object.handle, options);
  }
}
