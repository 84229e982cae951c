/**
 * Builds by the Engine's classic builder. A label of the tenant opens every stage, so that its cache is the tenant's own
 * (build-mark.ts); what the tenant reads says nothing of it, nor does the copy of the result that it gets. The result itself
 * stays for the next build to find.
 */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { ImageDetails } from '../../domain/image.ts';
import type { BuildInput, CallOptions } from '../provider.ts';
import { buildFailure } from './build-errors.ts';
import { pruneOldBuilds } from './build-leftovers.ts';
import { buildMark, markStages } from './build-mark.ts';
import { createBuildOutput } from './build-output.ts';
import type { EngineRequest, Site } from './client.ts';
import { cleanCopy, withoutTriggers } from './image-copies.ts';
import { imageDetails } from './image-details.ts';
import { provisionalHold, untag } from './image-holds.ts';
import { jsonLines } from './streams.ts';

const MiB = 1024 * 1024;
const cpuPeriodMicroseconds = 100_000;

const line = z.object({
  stream: z.string().optional(),
  aux: z.object({ ID: z.string() }).optional(),
  error: z.string().optional(),
  errorDetail: z.object({ code: z.number().optional() }).optional(),
});

export async function* buildImage(
  site: Site,
  input: BuildInput,
  options: CallOptions,
): AsyncGenerator<string, ImageDetails, void> {
  await using bases = await plainBases(site, input, options);
  const dockerfile = markStages(bases.dockerfile, buildMark(site.installId, input.tenantId));
  const request: EngineRequest = {
    method: 'POST',
    path: '/build',
    query: toQuery(input),
    upload: input.context(dockerfile),
    subject: { noun: 'image' },
  };
  try {
    const id = yield* steps(site, request, input, options);
    return await imageDetails(site, await cleanCopy(site, id, input.tenantId, options), options);
  } finally {
    await pruneOldBuilds(site, input.tenantId);
  }
}

/** Makes the names of their copies differ. */
let builds = 0;

/** The Dockerfile with copies of those bases that have triggers: the Engine would run them before the stage has its label. */
async function plainBases(
  site: Site,
  { dockerfile, tenantId }: BuildInput,
  options: CallOptions,
): Promise<{ dockerfile: string } & AsyncDisposable> {
  await using names = new AsyncDisposableStack();
  const plain = new Map<string, string>();
  builds += 1;
  for (const [, id = ''] of dockerfile.matchAll(/^FROM (sha256:[0-9a-f]{64})/gm)) {
    if (plain.has(id)) continue;
    const { repo, tag } = provisionalHold(site, tenantId, `${id} ${site.clock.now()} ${builds}`);
    const copy = await withoutTriggers(site, id, `${repo}:${tag}`, options);
    if (copy.isCopy) names.defer(() => forget(site, `${repo}:${tag}`));
    plain.set(id, copy.id);
  }
  const written = dockerfile.replace(/^(FROM )(sha256:[0-9a-f]{64})/gm, (_, from, id) => from + (plain.get(id) ?? id));
  const kept = names.move();
  return { dockerfile: written, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const FORGET_MS = 20_000;

/** Nobody waits for this, and the sweeper does what it leaves. */
async function forget(site: Site, name: string): Promise<void> {
  await untag(site, name, { signal: AbortSignal.timeout(FORGET_MS) }).catch((error: unknown) =>
    site.log('the name of a base is left to the sweeper', { err: error }),
  );
}

async function* steps(
  site: Site,
  request: EngineRequest,
  input: BuildInput,
  options: CallOptions,
): AsyncGenerator<string, string, void> {
  const output = createBuildOutput(input);
  let built: string | null = null;
  try {
    const body = await site.engine.stream(request, options);
    try {
      for await (const json of jsonLines(body)) {
        const { stream, aux, error, errorDetail } = line.parse(json);
        if (error !== undefined) throw buildFailure(error, errorDetail?.code, output.step());
        if (aux) built = aux.ID;
        const text = stream === undefined ? null : output.shown(stream);
        if (text !== null) yield text;
      }
    } finally {
      body.destroy();
    }
  } catch (error) {
    throw buildFailure(error, undefined, output.step(), options.signal);
  }
  if (built === null) throw new AppError('internal', 'The build ended without an image');
  return built;
}

/** Containers of steps go with their step, whatever became of it. Nothing is pulled: every image is there and named by its id. */
function toQuery(input: BuildInput): Record<string, unknown> {
  const memory = input.memoryMiB * MiB;
  return {
    version: '1',
    rm: true,
    forcerm: true,
    dockerfile: input.dockerfilePath,
    nocache: input.noCache,
    buildargs: JSON.stringify(input.buildArgs),
    labels: JSON.stringify(input.labels),
    networkmode: input.network?.key ?? 'none',
    memory,
    memswap: memory,
    cpuperiod: cpuPeriodMicroseconds,
    cpuquota: Math.round(input.cpus * cpuPeriodMicroseconds),
    ...(input.target !== null && { target: input.target }),
    ...(input.shmMiB !== null && { shmsize: input.shmMiB * MiB }),
    ...(input.extraHosts.length > 0 && { extrahosts: input.extraHosts }),
  };
}
