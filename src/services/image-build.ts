/** Building an image of a Dockerfile and the files that a tenant sends; every image it begins with is one of the tenant's. */
import type { Ctx, Deps } from '../context.ts';
import { findNetworks } from '../db/networks.ts';
import { AppError, notFound } from '../domain/errors.ts';
import {
  asImageId,
  familiarReference,
  type Image,
  type ImageTag,
  idPrefix,
  parseImageReference,
} from '../domain/image.ts';
import { DEFAULT_NETWORK } from '../domain/network.ts';
import type { BuildLeftover, NetworkRef } from '../providers/provider.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { authorize } from './authorize.ts';
import { dockerfilePath, openContext } from './build-context.ts';
import { type Dockerfile, type Instruction, parseDockerfile, writeDockerfile } from './dockerfile.ts';
import { type FoundImage, pinImages } from './dockerfile-images.ts';
import { type PullProgress, pullImage, type RegistryAuth } from './image-pull.ts';
import { asTag } from './image-references.ts';
import { requireImage } from './images.ts';
import { recordImage } from './recorded-image.ts';
import { openSpool } from './spool.ts';

export interface BuildImageInput {
  /** Path of the Dockerfile among the files. */
  dockerfile: string;
  /** Names of the result. */
  tags: ImageTag[];
  target: string | null;
  buildArgs: Record<string, string | null>;
  labels: Record<string, string>;
  noCache: boolean;
  /** Images that it begins with are pulled even if they are there. */
  pull: boolean;
  /** References; those that the tenant does not have are left out. */
  cacheFrom: string[];
  /** Name or id; null = the tenant's default one, `none` = no network. */
  network: string | null;
  extraHosts: string[];
  memoryMiB: number | null;
  cpus: number | null;
  shmMiB: number | null;
  platform: string | undefined;
  /** For registries that images are pulled from, by host. Used once and kept nowhere. */
  auths: Map<string, RegistryAuth>;
}

export type BuildProgress = { text: string } | { pull: PullProgress };

const BUILD_SECONDS = 60 * 60;
const PRUNE_SECONDS = 5 * 60;

/**
 * Yields what the steps say; returns the image. Throws invalid for a Dockerfile that is none, and for a step that failed, then with
 * its code in details.exitCode; forbidden, unsupported and too_large as they say. An end of the request ends the build.
 */
export async function* buildImage(
  deps: Deps,
  ctx: Ctx,
  input: BuildImageInput,
  upload: AsyncIterable<Uint8Array>,
): AsyncGenerator<BuildProgress, Image, void> {
  authorize(ctx.principal, 'write');
  const { build } = deps.provider.images;
  if (!build) throw new AppError('unsupported', 'This provider cannot build images');
  const { tenantId } = ctx.principal;
  const tags = input.tags.map(asTag);
  if (Object.keys(input.labels).some((name) => name.startsWith('longshore.'))) {
    throw new AppError('invalid', 'labels: names that begin with "longshore." are reserved');
  }
  const limits = limitsOf(deps, input);
  const network = await networkOf(deps, tenantId, input.network);
  using _place = deps.places.pulls.take(tenantId);
  await using spool = await openSpool(deps.limits.maxUploadBytes);
  const context = await openContext(spool, upload, input.dockerfile);
  const written = parseDockerfile(context.dockerfile);

  const pinned = yield* pinnedTo(new Bases(deps, ctx, input), written, input.buildArgs);
  const steps = build(
    {
      ...{ tenantId, dockerfile: writeDockerfile(pinned), dockerfilePath, context: context.pack },
      ...{ target: input.target, buildArgs: input.buildArgs, labels: input.labels, noCache: input.noCache },
      ...{ network, extraHosts: input.extraHosts, cacheFrom: await cacheOf(deps, ctx, input.cacheFrom), ...limits },
    },
    { signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(BUILD_SECONDS * 1000)]) },
  );
  const shown = stepsAsWritten(pinned.instructions);
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) yield { text: shown(step.value) };
  const [first] = tags;
  const name = first ? `${first.repository}:${first.tag}` : step.value.id;
  return recordImage(deps, ctx, { details: step.value, repoDigests: [], tags, name, event: 'built' });
}

/** Looks until nothing is missing: what an image has triggers for is known once it is there. What is pulled is told while it comes. */
async function* pinnedTo(
  bases: Bases,
  written: Dockerfile,
  buildArgs: BuildImageInput['buildArgs'],
): AsyncGenerator<BuildProgress, Dockerfile, void> {
  for (;;) {
    const pinned = await pinImages(written, buildArgs, (name) => bases.look(name));
    if (bases.areThere()) return pinned;
    yield* bases.pullMissing();
  }
}

/** The images that a build begins with, by what its Dockerfile calls them. */
class Bases {
  readonly #found = new Map<string, Image | null>();
  readonly #deps: Deps;
  readonly #ctx: Ctx;
  readonly #input: BuildImageInput;

  constructor(deps: Deps, ctx: Ctx, input: BuildImageInput) {
    this.#deps = deps;
    this.#ctx = ctx;
    this.#input = input;
  }

  /** Of one that is missing there is nothing but its name. */
  async look(name: string): Promise<FoundImage> {
    if (!this.#found.has(name)) {
      const image = await requireImage(this.#deps, this.#ctx, name).catch((error) => {
        if (error instanceof AppError && error.code === 'not_found') return null;
        throw error;
      });
      const isId = asImageId(name) !== null || (idPrefix.test(name) && name.length >= 12) || name.startsWith('sha256:');
      if (!image && isId) throw notFound('image', name);
      this.#found.set(name, this.#input.pull && !isId && !image?.shared ? null : image);
    }
    const found = this.#found.get(name);
    return found ? { id: found.id, onBuild: found.config.onBuild } : { id: name, onBuild: [] };
  }

  areThere(): boolean {
    return ![...this.#found.values()].includes(null);
  }

  async *pullMissing(): AsyncGenerator<BuildProgress, void, void> {
    for (const [name, image] of this.#found) {
      if (image) continue;
      const reference = parseImageReference(name);
      const auth = this.#input.auths.get(reference.domain) ?? null;
      const steps = pullImage(this.#deps, this.#ctx, {
        reference: familiarReference(reference),
        auth,
        platform: this.#input.platform,
      });
      let step = await steps.next();
      for (; !step.done; step = await steps.next()) yield { pull: step.value };
      this.#found.set(name, step.value);
    }
  }
}

/** Throws limit above the operator's bounds. */
function limitsOf({ limits }: Deps, { memoryMiB, cpus, shmMiB }: BuildImageInput) {
  const most = limits.maxima;
  const wanted = {
    memoryMiB: memoryMiB ?? Math.min(most.memoryMiB, Math.max(limits.defaults.memoryMiB, 1024)),
    cpus: cpus ?? Math.min(most.cpus, Math.max(limits.defaults.cpus, 1)),
    shmMiB,
  };
  if (wanted.memoryMiB > most.memoryMiB || (shmMiB ?? 0) > most.memoryMiB) {
    throw new AppError('limit', `A build may have at most ${most.memoryMiB} MiB of memory`);
  }
  if (wanted.cpus > most.cpus) throw new AppError('limit', `A build may have at most ${most.cpus} CPUs`);
  return wanted;
}

async function networkOf(deps: Deps, tenantId: string, wanted: string | null): Promise<NetworkRef | null> {
  if (wanted === 'none') return null;
  const name = wanted === null || wanted === 'default' || wanted === 'bridge' ? DEFAULT_NETWORK : wanted;
  if (name === 'host' || name.startsWith('container:')) {
    throw new AppError('forbidden', `A build cannot have the network of the host or of a container; name a network`);
  }
  const [network] = await findNetworks(deps.db, tenantId, [name]);
  if (!network) throw notFound('network', name);
  const ref = { key: network.providerKey, tenantId, internal: network.internal };
  await deps.provider.networks.ensure(ref, callOptions());
  return ref;
}

async function cacheOf(deps: Deps, ctx: Ctx, references: string[]): Promise<string[]> {
  const found = references.map((reference) =>
    requireImage(deps, ctx, reference).then(
      ({ id }) => [id],
      () => [],
    ),
  );
  return (await Promise.all(found)).flat();
}

/** The provider numbers the instructions as they are in the Dockerfile, and knows them by what was made of them. */
function stepsAsWritten(instructions: Instruction[]): (text: string) => string {
  return (text) => {
    const [, head, number] = /^(Step (\d+)\/\d+ : )/.exec(text) ?? [];
    const instruction = instructions[Number(number) - 1];
    return head === undefined || !instruction ? text : head + instruction.shown;
  };
}

/** What earlier builds left to be taken again. Answers the ids of what went, and its size. */
export async function pruneBuilds(
  deps: Deps,
  ctx: Ctx,
  which: (leftover: BuildLeftover) => boolean,
): Promise<{ ids: string[]; sizeBytes: number }> {
  authorize(ctx.principal, 'write');
  const { pruneBuilds: prune } = deps.provider.images;
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(PRUNE_SECONDS * 1000)]);
  return prune ? prune(ctx.principal.tenantId, which, { signal }) : { ids: [], sizeBytes: 0 };
}
