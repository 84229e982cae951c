/** Volumes through the Docker door. */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { volumeName } from '../../domain/mount-spec.ts';
import { labels } from '../../domain/spec-text.ts';
import { volumeSizes } from '../../services/disk-usage.ts';
import * as volumes from '../../services/volumes.ts';
import { booleanFilter, hasLabels } from './query.ts';
import { type Handler, jsonBody, noContent, ok } from './request.ts';
import { isBefore } from './versions.ts';
import { toVolume } from './volume-views.ts';

const volumeBody = z.strictObject({
  Name: z.union([z.literal('').transform(() => undefined), volumeName]).nullish(),
  Driver: z.string().nullish(),
  DriverOpts: z.record(z.string(), z.string()).nullish(),
  Labels: labels.nullish(),
  ClusterVolumeSpec: z.null().optional(),
});

/** A name that is there already answers with its volume, as with the Engine. */
export const createVolume: Handler = async ({ deps }, request) => {
  const body = await jsonBody(request, volumeBody);
  if (body.Driver && body.Driver !== 'local') {
    throw new AppError('forbidden', `Driver ${body.Driver} is refused: every volume is of the driver "local"`);
  }
  const [option] = Object.keys(body.DriverOpts ?? {});
  if (option !== undefined) {
    throw new AppError('forbidden', `DriverOpts ${option} is refused: options of volume drivers are for the operator`);
  }
  const input = { name: body.Name ?? undefined, labels: body.Labels ?? {} };
  const { volume } = await volumes.createVolume(deps, request.ctx, input);
  return { status: 201, json: toVolume(volume) };
};

export const listVolumes: Handler = async ({ deps }, { ctx, query }) => {
  const filters = query.filters(['dangling', 'driver', 'label', 'name']);
  const found = await volumes.listAllVolumes(deps, ctx, booleanFilter(filters, 'dangling'));
  const some = (key: string, test: (value: string) => boolean) => filters.get(key)?.some(test) ?? true;
  const matches = found.filter(
    ({ name, labels: own }) =>
      some('driver', (driver) => driver === 'local') &&
      some('name', (part) => name.includes(part)) &&
      hasLabels(own, filters),
  );
  return ok({ Volumes: matches.map(toVolume), Warnings: null });
};

export const inspectVolume: Handler = async ({ deps }, { ctx, params }) =>
  ok(toVolume(await volumes.getVolume(deps, ctx, params.name ?? '')));

export const removeVolume: Handler = async ({ deps }, { ctx, params, query }) => {
  try {
    await volumes.removeVolume(deps, ctx, params.name ?? '');
  } catch (error) {
    const isGone = error instanceof AppError && error.code === 'not_found';
    if (!isGone || !query.flag('force')) throw error;
  }
  return noContent;
};

/** From 1.42 on only anonymous ones, unless the filter `all` says otherwise. */
export const pruneVolumes: Handler = async ({ deps }, { ctx, query, version }) => {
  const filters = query.filters(['all', 'label', 'label!']);
  const all = booleanFilter(filters, 'all') ?? isBefore(version, '1.42');
  const sizes = await volumeSizes(deps, ctx);
  const removed = await volumes.pruneVolumes(deps, ctx, { all, wanted: ({ labels: own }) => hasLabels(own, filters) });
  const SpaceReclaimed = removed.reduce((sum, { providerKey }) => sum + (sizes.get(providerKey) ?? 0), 0);
  return ok({ VolumesDeleted: removed.map(({ name }) => name), SpaceReclaimed });
};
