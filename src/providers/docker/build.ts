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
import { cleanCopy } from './image-copies.ts';
import { imageDetails } from './image-details.ts';
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
  const dockerfile = markStages(input.dockerfile, buildMark(site.installId, input.tenantId));
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
    ...(input.cacheFrom.length > 0 && { cachefrom: JSON.stringify(input.cacheFrom) }),
    ...(input.shmMiB !== null && { shmsize: input.shmMiB * MiB }),
    ...(input.extraHosts.length > 0 && { extrahosts: input.extraHosts }),
  };
}
