/** Volumes: the row is the intent, and the provider follows it. What a removal leaves behind at the provider is swept. */
import type { Ctx, Deps } from '../context.ts';
import type { Page } from '../db/paging.ts';
import {
  createVolume as acceptVolume,
  allVolumes,
  deleteVolume,
  findVolume,
  type NewVolume,
  listVolumes as readVolumes,
  unusedVolumes,
  type VolumeFilter,
} from '../db/volumes.ts';
import type { Ids } from '../domain/clock.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { type Actor, actorOf } from '../domain/principal.ts';
import { volumeKey } from '../domain/provider-key.ts';
import type { Volume } from '../domain/volume.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { authorize } from './authorize.ts';

export interface CreateVolumeInput {
  /** Absent: a generated name. */
  name?: string | undefined;
  labels: Record<string, string>;
}

/** As with Docker, a name that is there already answers with its volume, unchanged. It comes to be at the provider with its first container. Throws limit. */
export async function createVolume(
  deps: Deps,
  ctx: Ctx,
  input: CreateVolumeInput,
): Promise<{ volume: Volume; changed: boolean }> {
  authorize(ctx.principal, 'write');
  const { tenantId } = ctx.principal;
  const volume = newVolume(deps.ids, input.name, input.labels);
  const changed = await acceptVolume(deps.db, { tenantId, volume, actor: actorOf(ctx.principal), claim: ctx.claim });
  if (changed) deps.wakeups.wake(eventsTopic(tenantId));
  return { volume: await getVolume(deps, ctx, volume.name), changed };
}

/** By its exact name. Throws not_found. */
export async function getVolume(deps: Deps, ctx: Ctx, name: string): Promise<Volume> {
  const volume = await findVolume(deps.db, ctx.principal.tenantId, name);
  if (!volume) throw notFound('volume', name);
  return volume;
}

/** Newest first; one more than the page's limit when there are more. */
export function listVolumes(deps: Deps, ctx: Ctx, filter: VolumeFilter, page: Page): Promise<Volume[]> {
  return readVolumes(deps.db, ctx.principal.tenantId, filter, page);
}

/** Every one. @param dangling true: only those that no container mounts; false: only those that one does */
export async function listAllVolumes(deps: Deps, ctx: Ctx, dangling?: boolean): Promise<Volume[]> {
  const { tenantId } = ctx.principal;
  const all = await allVolumes(deps.db, tenantId);
  if (dangling === undefined) return all;
  const unused = new Set((await unusedVolumes(deps.db, tenantId, { named: true })).map(({ name }) => name));
  return all.filter(({ name }) => unused.has(name) === dangling);
}

/** Throws conflict when a container mounts it, stopped ones included. */
export async function removeVolume(deps: Deps, ctx: Ctx, name: string): Promise<void> {
  authorize(ctx.principal, 'write');
  const volume = await getVolume(deps, ctx, name);
  if (await remove(deps, volume, actorOf(ctx.principal))) return;
  await getVolume(deps, ctx, name);
  throw new AppError('conflict', `The volume "${name}" is mounted by a container; remove that first`);
}

/** Removes the anonymous volumes that no container mounts. @param input.all the named ones as well; `wanted` chooses among them */
export async function pruneVolumes(
  deps: Deps,
  ctx: Ctx,
  { all, wanted = () => true }: { all: boolean; wanted?: (volume: Volume) => boolean },
): Promise<Volume[]> {
  authorize(ctx.principal, 'write');
  const removed: Volume[] = [];
  for (const volume of await unusedVolumes(deps.db, ctx.principal.tenantId, { named: all })) {
    if (wanted(volume) && (await remove(deps, volume, actorOf(ctx.principal)))) removed.push(volume);
  }
  return removed;
}

/** False when it is mounted or gone already. */
async function remove(deps: Deps, volume: Volume, actor: Actor): Promise<boolean> {
  const { tenantId, name, providerKey } = volume;
  if (!(await deleteVolume(deps.db, tenantId, name, actor))) return false;
  deps.wakeups.wake(eventsTopic(tenantId));
  try {
    await deps.provider.volumes.remove({ key: providerKey, tenantId }, callOptions());
  } catch (error) {
    deps.log.warn({ err: error, volume: name }, 'a removed volume is left to the sweeper');
  }
  return true;
}

/** The volumes behind a spec's mounts; an absent name makes an anonymous one. Those that are missing are made with the container. */
export function volumesOf(ids: Ids, spec: ContainerSpec): (NewVolume & { position: number })[] {
  return spec.mounts.flatMap((mount, position) =>
    mount.type === 'volume' ? [{ position, ...newVolume(ids, mount.source, mount.labels) }] : [],
  );
}

function newVolume(ids: Ids, name: string | undefined, labels: Record<string, string> = {}): NewVolume {
  const providerKey = volumeKey(ids.hex64().slice(0, 32));
  return { name: name ?? ids.hex64(), labels, anonymous: name === undefined, providerKey };
}
