/** Building an image of a Dockerfile and the files that a tenant sends; every image it begins with is one of the tenant's. */
import type { Ctx, Deps } from '../context.ts';
import { findNetworks } from '../db/networks.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import type { Image, ImageTag } from '../domain/image.ts';
import { DEFAULT_NETWORK } from '../domain/network.ts';
import type { BuildLeftover, NetworkRef } from '../providers/provider.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { authorize } from './authorize.ts';
import { Bases, type BuildProgress, pinnedTo } from './build-bases.ts';
import { dockerfilePath, openContext } from './build-context.ts';
import { type Instruction, parseDockerfile, writeDockerfile } from './dockerfile.ts';
import { platformPattern, requireStage } from './dockerfile-images.ts';
import type { RegistryAuth } from './image-pull.ts';
import { asTag } from './image-references.ts';
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

export type { BuildProgress };

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
  if (!build) throw lacking(deps.provider.name, 'images.build');
  const { tenantId } = ctx.principal;
  const tags = input.tags.map(asTag);
  if (Object.keys(input.labels).some((name) => name.startsWith('longshore.'))) {
    throw new AppError('invalid', 'labels: names that begin with "longshore." are reserved');
  }
  if (input.platform !== undefined && !platformPattern.test(input.platform)) {
    throw new AppError('unsupported', `Images for ${input.platform} cannot be built here`);
  }
  const limits = limitsOf(deps, input);
  const network = await networkOf(deps, tenantId, input.network);
  using _place = deps.places.pulls.take(tenantId);
  await using spool = await openSpool(deps.limits.maxUploadBytes);
  const deadline = AbortSignal.timeout(deps.limits.buildSeconds * 1000);
  const signal = AbortSignal.any([ctx.signal, deadline]);
  const context = await openContext(spool, upload, input.dockerfile);
  const written = parseDockerfile(context.dockerfile);

  const pinned = yield* pinnedTo(new Bases(deps, ctx, input), written, input.buildArgs);
  if (input.target !== null) requireStage(pinned, input.target);
  const steps = build(
    {
      ...{ tenantId, dockerfile: writeDockerfile(pinned), dockerfilePath, context: context.pack },
      ...{ target: input.target, buildArgs: input.buildArgs, labels: input.labels, noCache: input.noCache },
      ...{ network, extraHosts: input.extraHosts, ...limits },
    },
    { signal },
  );
  const shown = stepsAsWritten(pinned.instructions);
  const next = () =>
    steps.next().catch((error: unknown) => {
      if (!deadline.aborted) throw error;
      throw new AppError('timeout', `The build did not end within ${deps.limits.buildSeconds} seconds`, {
        cause: error,
      });
    });
  let step = await next();
  for (; !step.done; step = await next()) yield { text: shown(step.value) };
  const [first] = tags;
  const name = first ? `${first.repository}:${first.tag}` : step.value.id;
  return recordImage(deps, ctx, { details: step.value, repoDigests: [], tags, name, event: 'built' });
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
