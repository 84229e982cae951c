/** The images that a build begins with: found among the tenant's own and the shared ones, or pulled while its client is told. */
import type { Ctx, Deps } from '../context.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { asImageId, familiarReference, type Image, idPrefix, parseImageReference } from '../domain/image.ts';
import type { Dockerfile } from './dockerfile.ts';
import { type FoundImage, pinImages } from './dockerfile-images.ts';
import { type PullProgress, pullImage, type RegistryAuth } from './image-pull.ts';
import { requireImage } from './images.ts';

export type BuildProgress = { text: string } | { pull: PullProgress };

export interface BaseOptions {
  /** Those that are there are pulled again. */
  pull: boolean;
  /** `linux[/architecture[/variant]]`; undefined = whatever there is. */
  platform: string | undefined;
  /** For registries that images are pulled from, by host. */
  auths: Map<string, RegistryAuth>;
}

/** Looks until nothing is missing: what an image has triggers for is known once it is there. What is pulled is told while it comes. */
export async function* pinnedTo(
  bases: Bases,
  written: Dockerfile,
  buildArgs: Record<string, string | null>,
): AsyncGenerator<BuildProgress, Dockerfile, void> {
  for (;;) {
    const pinned = await pinImages(written, buildArgs, (name, platform) => bases.look(name, platform));
    if (bases.areThere()) return pinned;
    yield* bases.pullMissing();
  }
}

interface Base {
  name: string;
  platform: string | undefined;
  /** Null: it has to be pulled. */
  image: Image | null;
}

/** By what the Dockerfile calls them. */
export class Bases {
  readonly #found = new Map<string, Base>();
  readonly #deps: Deps;
  readonly #ctx: Ctx;
  readonly #options: BaseOptions;

  constructor(deps: Deps, ctx: Ctx, options: BaseOptions) {
    this.#deps = deps;
    this.#ctx = ctx;
    this.#options = options;
  }

  /** Of one that is missing there is nothing but its name. Throws not_found for an id, and invalid for another platform's. */
  async look(name: string, stagePlatform: string | undefined): Promise<FoundImage> {
    const platform = stagePlatform ?? this.#options.platform;
    const key = `${platform} ${name}`;
    const { image } = this.#found.get(key) ?? (await this.#find(key, { name, platform }));
    if (!image) return { id: name, onBuild: [], env: [] };
    return { id: image.id, onBuild: image.config.onBuild, env: image.config.env };
  }

  async #find(key: string, { name, platform }: Pick<Base, 'name' | 'platform'>): Promise<Base> {
    const there = await requireImage(this.#deps, this.#ctx, name).catch((error) => {
      if (error instanceof AppError && error.code === 'not_found') return null;
      throw error;
    });
    const isId = asImageId(name) !== null || (idPrefix.test(name) && name.length >= 12) || name.startsWith('sha256:');
    if (!there && isId) throw notFound('image', name);
    const mayPull = !isId && !there?.shared;
    const isStale = there !== null && mayPull && (this.#options.pull || !fits(there, platform));
    if (there && !isStale) checkPlatform(name, there, platform);
    const base = { name, platform, image: isStale ? null : there };
    this.#found.set(key, base);
    return base;
  }

  areThere(): boolean {
    return [...this.#found.values()].every(({ image }) => image !== null);
  }

  async *pullMissing(): AsyncGenerator<BuildProgress, void, void> {
    for (const base of this.#found.values()) {
      if (base.image) continue;
      const reference = parseImageReference(base.name);
      const auth = this.#options.auths.get(reference.domain) ?? null;
      const input = { reference: familiarReference(reference), auth, platform: base.platform };
      const steps = pullImage(this.#deps, this.#ctx, input);
      let step = await steps.next();
      for (; !step.done; step = await steps.next()) yield { pull: step.value };
      checkPlatform(base.name, step.value, base.platform);
      base.image = step.value;
    }
  }
}

const otherNames: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64', i386: '386' };

/** Variants are for the registry to choose among. */
function fits({ os, architecture }: Image, platform: string | undefined): boolean {
  const [wantedOs = os, wanted = architecture] = platform?.split('/') ?? [];
  return wantedOs === os && (otherNames[wanted] ?? wanted) === architecture;
}

function checkPlatform(name: string, image: Image, platform: string | undefined): void {
  if (fits(image, platform)) return;
  throw new AppError('invalid', `The image ${name} is for ${image.os}/${image.architecture}, not for ${platform}`);
}
