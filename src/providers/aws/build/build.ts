/**
 * Builds on a machine of CodeBuild: the files go there through the bucket, what the steps say comes back through CloudWatch, and the result
 * lies in the tenant's own repository by then.
 */
import { BatchGetBuildsCommand, type Build, StartBuildCommand, StopBuildCommand } from '@aws-sdk/client-codebuild';
import { AppError } from '../../../domain/errors.ts';
import type { ImageDetails } from '../../../domain/image.ts';
import type { BuildInput, CallOptions } from '../../provider.ts';
import { ensureRepository } from '../images/ecr.ts';
import { followMs } from '../logs/logs.ts';
import type { LogReader } from '../logs/pages.ts';
import { logGroupName } from '../naming.ts';
import { objectFolder } from '../object-folder.ts';
import { roleOf } from '../settings.ts';
import { ask, type Site } from '../site.ts';
import { ensureLogGroup } from '../tenant-places.ts';
import { type Bases, pinBases } from './bases.ts';
import { buildspec, contextName, machineScript, scriptName } from './machine-script.ts';
import { type BuildOutput, createBuildOutput } from './output.ts';
import { takeResult } from './result.ts';

export interface BuildSettings {
  project: string;
  /** Of the machine; null: the project's own. */
  role: string | null;
}

const subject = { noun: 'build' };
const cleanMs = 30_000;
/** The last lines arrive so late. */
const lateMs = 10_000;
/** How often CodeBuild is asked, in looks at the log. */
const looksPerQuestion = 6;

/** Of images that come without the name of a repository. */
const repositoryName = 'images';

export async function* buildImage(
  site: Site,
  reader: LogReader,
  settings: BuildSettings,
  input: BuildInput,
  options: CallOptions,
): AsyncGenerator<string, ImageDetails, void> {
  const { tenantId } = input;
  const id = site.ids.hex64().slice(0, 32);
  const folder = objectFolder(site, { kind: 'builds', tenantId, id });
  const repository = await ensureRepository(site, tenantId, repositoryName, options);
  const bases = await pinBases(site, input.dockerfile, tenantId, options);
  try {
    const mark = site.ids.hex64().slice(0, 32);
    const tag = `build-${id}`;
    const registry = repository.uri.split('/')[0] ?? '';
    const build = { input, registry, bases: bases.references, target: `${repository.uri}:${tag}`, mark };
    await folder.put(scriptName, machineScript(build), options);
    await folder.putPieces(contextName, input.context(bases.dockerfile), options);
    await ensureLogGroup(site, tenantId, options);
    yield* steps(site, reader, { settings, tenantId, id, location: folder.location, mark, bases }, options);
    return await takeResult(site, repository, tag, options);
  } finally {
    await folder.clean();
    await clean(site, bases);
  }
}

/** Nobody waits for this, and what it leaves is of no use to anybody. */
async function clean(site: Site, bases: Bases): Promise<void> {
  await bases
    .remove({ signal: AbortSignal.timeout(cleanMs) })
    .catch((error: unknown) => site.log('something of a build is left', { err: error }));
}

interface Machine {
  settings: BuildSettings;
  tenantId: string;
  id: string;
  location: string;
  mark: string;
  bases: Bases;
}

async function* steps(
  site: Site,
  reader: LogReader,
  machine: Machine,
  options: CallOptions,
): AsyncGenerator<string, void, void> {
  const { tenantId, mark, bases } = machine;
  const buildId = await start(site, machine, options);
  const output = createBuildOutput(mark, bases.readable);
  let isOver = false;
  try {
    yield* said(site, reader, { buildId, tenantId, output }, options);
    isOver = true;
  } finally {
    if (!isOver) await stop(site, buildId, tenantId);
  }
}

async function start(site: Site, { settings, tenantId, id, location }: Machine, options: CallOptions): Promise<string> {
  const command = new StartBuildCommand({
    projectName: settings.project,
    sourceTypeOverride: 'S3',
    sourceLocationOverride: location,
    buildspecOverride: buildspec,
    privilegedModeOverride: true,
    artifactsOverride: { type: 'NO_ARTIFACTS' },
    logsConfigOverride: {
      cloudWatchLogs: { status: 'ENABLED', groupName: logGroupName(site, tenantId), streamName: 'build' },
    },
    ...(settings.role !== null && { serviceRoleOverride: roleOf(settings.role, tenantId) }),
    idempotencyToken: id,
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.codebuild.send(command, http);
  const { build } = await ask(site, { action: 'codebuild:StartBuild', subject, tenantId, send }, options);
  if (build?.id) return build.id;
  throw new AppError('internal', 'AWS began a build without saying which');
}

/** Up to the end that the machine's log tells; a machine that ends without telling one has failed. */
async function* said(
  site: Site,
  reader: LogReader,
  { buildId, tenantId, output }: { buildId: string; tenantId: string; output: BuildOutput },
  options: CallOptions,
): AsyncGenerator<string, void, void> {
  const place = {
    group: logGroupName(site, tenantId),
    stream: `build/${buildId.split(':')[1]}`,
    tenantId,
    fromHead: true,
  };
  let token: string | undefined;
  let build: Build | null = null;
  let endsAt = Number.POSITIVE_INFINITY;
  for (let look = 0; ; look++) {
    if (options.signal.aborted) throw new AppError('timeout', 'The build did not end in time');
    const isLast = site.clock.now() >= endsAt;
    const page = await reader.read({ ...place, token }, options);
    for (const { text } of page.lines) {
      yield* output.shown(text.replace(/\r?\n$/, ''));
    }
    const ending = output.ending();
    if (ending === 'done') return;
    if (ending) throw ending;
    const isMore = page.forward !== undefined && page.forward !== token;
    token = page.forward ?? token;
    if (isMore && page.lines.length > 0) continue;
    if (isLast) throw failureOf(build);
    if (build === null && look % looksPerQuestion === 0) {
      const seen = await ended(site, buildId, tenantId, options);
      if (seen) endsAt = site.clock.now() + lateMs;
      build = seen;
    }
    await site.clock.sleep(followMs, options.signal);
  }
}

/** Null while it goes on. */
async function ended(site: Site, buildId: string, tenantId: string, options: CallOptions): Promise<Build | null> {
  const command = new BatchGetBuildsCommand({ ids: [buildId] });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.codebuild.send(command, http);
  const { builds: [build] = [] } = await ask(
    site,
    { action: 'codebuild:BatchGetBuilds', subject, tenantId, send },
    options,
  );
  return build?.buildComplete ? build : null;
}

function failureOf(build: Build | null): AppError {
  const cause = new Error(JSON.stringify(build?.phases?.map(({ phaseType, contexts }) => [phaseType, contexts]) ?? []));
  if (build?.buildStatus === 'TIMED_OUT')
    return new AppError('timeout', 'The build machine ran out of time', { cause });
  if (build?.buildStatus === 'STOPPED') return new AppError('unavailable', 'The build was stopped at AWS', { cause });
  return new AppError('unavailable', 'The build machine failed before it could build', { cause });
}

async function stop(site: Site, buildId: string, tenantId: string): Promise<void> {
  const command = new StopBuildCommand({ id: buildId });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.codebuild.send(command, http);
  const call = { action: 'codebuild:StopBuild', subject, tenantId, send };
  await ask(site, call, { signal: AbortSignal.timeout(cleanMs) }).catch((error: unknown) =>
    site.log('a build is left to its own end', { err: error }),
  );
}
