/** `POST /build`, as the classic builder has it: the head of the answer goes out while the files are still coming. */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { familiarRepository, type ImageTag, parseImageReference } from '../../domain/image.ts';
import { type BuildImageInput, buildImage as build, pruneBuilds } from '../../services/image-build.ts';
import { layerLine } from './image-create.ts';
import { createdBefore } from './image-filters.ts';
import { jsonLines } from './json-lines.ts';
import { hasLabels, type Query } from './query.ts';
import { registryAuths } from './registry-credentials.ts';
import { type DockerRequest, type Door, type Handler, ok } from './request.ts';

const MiB = 1024 * 1024;
const texts = z.record(z.string(), z.string().nullable());
const unset = 1_000_000_000_000_000;

export const buildImage: Handler = async (door, request) => {
  const { query } = request;
  if (query.text('version') === '2') {
    throw new AppError('unsupported', 'BuildKit is not served here: set DOCKER_BUILDKIT=0 to build');
  }
  refuseOptions(query);
  const input = toInput(request, query);
  const cacheFrom = query.json('cachefrom', z.array(z.string()).max(100).nullable()) ?? [];
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: jsonLines(request, lines(door, request, input, { quiet: query.flag('q'), cacheFrom })),
  };
};

export const pruneBuildCache: Handler = async ({ deps }, { ctx, query }) => {
  const filters = query.filters(['label', 'label!', 'until']);
  const until = createdBefore(filters, deps.clock.now());
  for (const name of ['keep-storage', 'reserved-space', 'max-used-space', 'min-free-space']) {
    if ((query.integer(name, { min: 0, max: unset }) ?? 0) > 0) {
      throw new AppError('unsupported', `${name}: steps of builds are not kept by their size; use the filter until`);
    }
  }
  const { ids, sizeBytes } = await pruneBuilds(
    deps,
    ctx,
    ({ createdAt, labels }) => hasLabels(labels, filters) && (until === undefined || createdAt < until),
  );
  return ok({ CachesDeleted: ids, SpaceReclaimed: sizeBytes });
};

async function* lines(
  { deps }: Door,
  request: DockerRequest,
  input: BuildImageInput,
  { quiet, cacheFrom }: { quiet: boolean; cacheFrom: string[] },
): AsyncGenerator<object, void, void> {
  const steps = build(deps, request.ctx, input, request.body());
  const silent: object[] = [];
  let room = MOST_SILENT;
  try {
    if (cacheFrom.length > 0 && !quiet) yield { stream: cacheNote };
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) {
      const progress = step.value;
      const line = 'text' in progress ? [{ stream: progress.text }] : [...layerLine(progress.pull)];
      if (!quiet) yield* line;
      else if (room > 0) {
        silent.push(...line);
        room -= JSON.stringify(line).length;
      }
    }
    const { id } = step.value;
    if (quiet) return yield { stream: `${id}\n` };
    yield { aux: { ID: id } };
    yield { stream: `Successfully built ${id.slice('sha256:'.length, 'sha256:'.length + 12)}\n` };
    for (const { repository, tag } of input.tags) yield { stream: `Successfully tagged ${repository}:${tag}\n` };
  } catch (error) {
    // Only now is it of interest what was done before.
    yield* silent;
    throw error;
  } finally {
    await steps.return(undefined as never);
  }
}

/** Characters that are kept for nobody to read, perhaps. */
const MOST_SILENT = 256 * 1024;
const cacheNote =
  '[Note] cache-from: steps are taken from your own builds of the last two days, and not from images that were pulled\n';

function toInput(request: DockerRequest, query: Query): BuildImageInput {
  const size = (name: string) => {
    const bytes = query.integer(name, { min: -1, max: unset }) ?? 0;
    return bytes <= 0 ? null : Math.ceil(bytes / MiB);
  };
  return {
    dockerfile: query.text('dockerfile') ?? 'Dockerfile',
    tags: query.all('t').map(toTag),
    target: query.text('target') ?? null,
    buildArgs: query.json('buildargs', texts) ?? {},
    labels: query.json('labels', z.record(z.string(), z.string()).nullable()) ?? {},
    noCache: query.flag('nocache'),
    pull: query.flag('pull'),
    network: query.text('networkmode') ?? null,
    extraHosts: query.all('extrahosts').flatMap((hosts) => hosts.split(',')),
    memoryMiB: size('memory'),
    cpus: cpusOf(query),
    shmMiB: size('shmsize'),
    platform: query.text('platform'),
    auths: registryAuths(request),
  };
}

function toTag(text: string): ImageTag {
  const reference = parseImageReference(text);
  if (reference.tag === null || reference.digest !== null) {
    throw new AppError('invalid', `invalid argument ${JSON.stringify(text)} for t: a tag is wanted, not a digest`);
  }
  return { repository: familiarRepository(reference), tag: reference.tag };
}

/** Of the kernel's quota and period. */
function cpusOf(query: Query): number | null {
  const quota = query.integer('cpuquota', { min: -1, max: unset }) ?? 0;
  const period = query.integer('cpuperiod', { min: 0, max: unset }) || 100_000;
  return quota <= 0 ? null : quota / period;
}

/** What would say something else than is done. */
function refuseOptions(query: Query): void {
  const refuse = (name: string, why: string) => {
    throw new AppError('forbidden', `${name} is refused: ${why}`);
  };
  if (query.text('remote')) refuse('remote', 'send the files along; contexts of git and of URLs are not fetched');
  if (query.flag('squash')) refuse('squash', 'write fewer instructions, or build in several stages');
  for (const name of ['cgroupparent', 'securityopt']) if (query.text(name)) refuse(name, 'it belongs to the host');
  for (const name of ['cpusetcpus', 'cpusetmems']) if (query.text(name)) refuse(name, 'use cpuquota and cpuperiod');
  if ((query.integer('cpushares', { min: 0, max: unset }) ?? 0) > 0) refuse('cpushares', 'use cpuquota and cpuperiod');
  const isolation = query.text('isolation');
  if (isolation !== undefined && isolation !== 'default') refuse('isolation', 'it is for Windows');
  const ulimits = query.json('ulimits', z.array(z.unknown()).nullable()) ?? [];
  if (ulimits.length > 0) refuse('ulimits', 'a build has those of the operator');
  const outputs = query.text('outputs');
  if (outputs !== undefined && outputs !== '[]' && outputs !== 'null') refuse('outputs', 'they need BuildKit');
}
