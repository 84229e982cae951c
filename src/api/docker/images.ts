/** Listing, inspecting, naming, removing and pruning images. Pulling and the like are image-create.ts and image-transfer.ts. */
import { AppError } from '../../domain/errors.ts';
import { familiarRepository, parseImageReference } from '../../domain/image.ts';
import {
  pruneImages as prune,
  type RemovedImage,
  removeImage as remove,
  tagImage as tag,
} from '../../services/image-references.ts';
import { listAllImages } from '../../services/images.ts';
import { createdBefore, listFilters, namesShown, pruneFilters } from './image-filters.ts';
import { findImage, named } from './image-references.ts';
import { sharedSizes } from './image-sizes.ts';
import { toHistory, toInspect, toListItem } from './image-views.ts';
import { booleanFilter, hasLabels, labelFilter } from './query.ts';
import { type Handler, ok } from './request.ts';

export const listImages: Handler = async (door, request) => {
  const { query, version, ctx } = request;
  const { deps } = door;
  const filters = query.filters(listFilters);
  // `docker images NAME` of old clients.
  const patterns = query.text('filter');
  const wanted = patterns === undefined ? filters : new Map([...filters, ['reference', [patterns]] as const]);
  const until = createdBefore(wanted, deps.clock.now());
  const [before, since] = await Promise.all(
    ['before', 'since'].map(async (key) => {
      const [reference] = wanted.get(key) ?? [];
      return reference === undefined ? undefined : Date.parse((await findImage(door, request, reference)).createdAt);
    }),
  );
  const all = await listAllImages(deps, ctx, {
    labels: labelFilter(wanted),
    dangling: booleanFilter(wanted, 'dangling'),
  });
  const sizes = query.flag('shared-size') ? sharedSizes(all) : null;
  const items = all.flatMap((image) => {
    const created = Date.parse(image.createdAt);
    const inTime =
      created < (before ?? Number.POSITIVE_INFINITY) &&
      created < (until ?? Number.POSITIVE_INFINITY) &&
      created > (since ?? Number.NEGATIVE_INFINITY);
    const names = inTime || Number.isNaN(created) ? namesShown(wanted, image) : null;
    return names ? [toListItem(image, names, version, sizes?.get(image.id))] : [];
  });
  return ok(items);
};

export const inspectImage: Handler = async (door, request) =>
  ok(toInspect(await findImage(door, request, request.params.name ?? ''), request.version));

export const imageHistory: Handler = async (door, request) =>
  ok(toHistory(await findImage(door, request, request.params.name ?? '')));

export const tagImage: Handler = async ({ deps }, { ctx, params, query }) => {
  const { name = '' } = params;
  const repo = query.text('repo');
  if (repo === undefined) throw new AppError('invalid', 'repo: say how to call the image');
  const given = query.text('tag');
  const reference = parseImageReference(given === undefined ? repo : `${repo}:${given}`);
  if (reference.tag === null) throw new AppError('invalid', 'refusing to create a tag with a digest reference');
  const target = { repository: familiarRepository(reference), tag: reference.tag };
  await named(name, () => tag(deps, ctx, name, target));
  return { status: 201 };
};

export const removeImage: Handler = async ({ deps }, { ctx, params, query }) => {
  const { name = '' } = params;
  const removed = await named(name, () => remove(deps, ctx, name, { force: query.flag('force') }));
  return ok(changesOf(removed));
};

function changesOf({ id, untagged, repoDigests, removed }: RemovedImage): object[] {
  return [...untagged, ...(removed ? repoDigests : [])]
    .map((name): object => ({ Untagged: name }))
    .concat(removed ? [{ Deleted: id }] : []);
}

export const pruneImages: Handler = async ({ deps }, { ctx, query }) => {
  const filters = query.filters(pruneFilters);
  const until = createdBefore(filters, deps.clock.now());
  const pruned = await prune(deps, ctx, {
    all: booleanFilter(filters, 'dangling') === false,
    which: (image) =>
      hasLabels(image.config.labels, filters) && (until === undefined || Date.parse(image.createdAt) < until),
  });
  return ok({
    ImagesDeleted: pruned.length > 0 ? pruned.flatMap(changesOf) : null,
    SpaceReclaimed: pruned.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  });
};
