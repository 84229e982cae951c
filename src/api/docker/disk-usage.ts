/** GET /system/df: what of the tenant's takes how much room. The shared images are the operator's, and not counted. */
import { AppError } from '../../domain/errors.ts';
import { describeContainers } from '../../services/container-details.ts';
import { measureContainers } from '../../services/container-files.ts';
import { listAllContainers } from '../../services/containers.ts';
import { volumeSizes } from '../../services/disk-usage.ts';
import { listAllImages } from '../../services/images.ts';
import { listAllVolumes } from '../../services/volumes.ts';
import { toListItem } from './container-views.ts';
import { sharedSizes } from './image-sizes.ts';
import { tagsOf, toListItem as toImageItem } from './image-views.ts';
import { type DockerRequest, type Door, type Handler, ok } from './request.ts';
import { isBefore } from './versions.ts';
import { toVolume } from './volume-views.ts';

const types = ['container', 'image', 'volume', 'build-cache'];

/** `type` says which parts are wanted, from 1.42 on; measuring the others would be for nothing. */
export const diskUsage: Handler = async (door, request) => {
  const asked = isBefore(request.version, '1.42') ? [] : request.query.all('type');
  const unknown = asked.find((type) => !types.includes(type));
  if (unknown !== undefined) throw new AppError('invalid', `unknown object type: ${unknown}`);
  const wants = (type: string) => asked.length === 0 || asked.includes(type);
  const [images, containers, volumes] = await Promise.all([
    wants('image') && ofImages(door, request),
    wants('container') && ofContainers(door, request),
    wants('volume') && ofVolumes(door, request),
  ]);
  return ok({
    ...images,
    ...containers,
    ...volumes,
    // Builds keep their layers as images.
    ...(wants('build-cache') && { BuildCache: [] }),
  });
};

async function ofImages({ deps }: Door, { ctx, version }: DockerRequest) {
  const [all, containers] = await Promise.all([listAllImages(deps, ctx, {}), listAllContainers(deps, ctx, {})]);
  const images = all.filter(({ tenantId }) => tenantId === ctx.principal.tenantId);
  const shared = sharedSizes(images);
  const users = (id: string) => containers.filter(({ imageId }) => imageId === id).length;
  return {
    LayersSize: layersSize(images),
    Images: images.map((image) => ({
      ...toImageItem(image, { tags: tagsOf(image), repoDigests: image.repoDigests }, version, shared.get(image.id)),
      Containers: users(image.id),
    })),
  };
}

/** Each layer once, however many images it is in. */
function layersSize(
  images: { layers: string[]; sizeBytes: number; history: { emptyLayer: boolean; sizeBytes: number }[] }[],
) {
  const sizes = new Map<string, number>();
  for (const { layers, sizeBytes, history } of images) {
    const steps = history.filter(({ emptyLayer }) => !emptyLayer).toReversed();
    if (steps.length !== layers.length) sizes.set(layers.join(), sizeBytes);
    else layers.forEach((_, at) => void sizes.set(layers.slice(0, at + 1).join(), steps[at]?.sizeBytes ?? 0));
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

async function ofContainers({ deps }: Door, { ctx, version }: DockerRequest) {
  const containers = await describeContainers(deps, ctx, {});
  const sizes = await measureContainers(
    deps,
    ctx,
    containers.map(({ id }) => id),
  );
  const now = deps.clock.now();
  return { Containers: containers.map((container) => toListItem(container, version, now, sizes.get(container.id))) };
}

async function ofVolumes({ deps }: Door, { ctx }: DockerRequest) {
  const [volumes, containers] = await Promise.all([listAllVolumes(deps, ctx), describeContainers(deps, ctx, {})]);
  const sizes = await volumeSizes(deps, ctx);
  const mounted = containers.map((container) => new Set(container.volumes.map(({ name }) => name)));
  return {
    Volumes: volumes.map((volume) => ({
      ...toVolume(volume),
      UsageData: {
        RefCount: mounted.filter((names) => names.has(volume.name)).length,
        // -1 is Docker's way to say that it was not measured.
        Size: sizes.get(volume.providerKey) ?? -1,
      },
    })),
  };
}
