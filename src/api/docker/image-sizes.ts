/** How much of an image others have as well: the layers from the base up that a second image begins with too. */
import type { Image } from '../../domain/image.ts';

/** By image id, in bytes. */
export function sharedSizes(images: Image[]): Map<string, number> {
  const users = new Map<string, number>();
  for (const { layers } of images) {
    for (const chain of chains(layers)) users.set(chain, (users.get(chain) ?? 0) + 1);
  }
  return new Map(images.map((image) => [image.id, sharedSize(image, users)]));
}

const chains = (layers: string[]): string[] => layers.map((_, position) => layers.slice(0, position + 1).join());

function sharedSize({ layers, history, sizeBytes }: Image, users: Map<string, number>): number {
  const shared = chains(layers).filter((chain) => (users.get(chain) ?? 0) > 1).length;
  if (shared === layers.length) return sizeBytes;
  const sizes = history.filter(({ emptyLayer }) => !emptyLayer).map((step) => step.sizeBytes);
  // The newest step comes first, the base layer last.
  return sizes.slice(sizes.length - shared).reduce((sum, size) => sum + size, 0);
}
