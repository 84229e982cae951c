/** Files of a container, whether it was started or not: looked at, taken, put, compared, exported, measured. */
import type { Ctx, Deps } from '../context.ts';
import type { ContainerSizes, PathChange, PathStat } from '../domain/container-files.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import { IdleDeadline, readWithin, sendWithin } from '../domain/idle-deadline.ts';
import type { ArchivePort, PutOptions } from '../providers/provider.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { authorize } from './authorize.ts';
import { tellOf } from './happenings.ts';
import { madeContainer, runOf } from './live-run.ts';

/** A transfer may last, but not stand still for longer. */
const IDLE_SECONDS = 60;
const MEASURED_AT_ONCE = 8;

/** Throws invalid (path), not_found (container or path), unsupported, and conflict where it has no files. */
export async function statContainerPath(deps: Deps, ctx: Ctx, reference: string, path: string): Promise<PathStat> {
  const container = await madeContainer(deps, ctx, reference, 'archive');
  return archiveOf(deps).stat(runOf(container), checkedPath(path), callOptions());
}

/** A tar of what is at the path; it ends with the signal, broken off. Throws as statContainerPath does. */
export async function readContainerArchive(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  path: string,
  signal: AbortSignal,
): Promise<{ stat: PathStat; content: AsyncIterable<Uint8Array> }> {
  const container = await madeContainer(deps, ctx, reference, 'archive');
  const { answer, content } = await transfer(deps, signal, (within) =>
    archiveOf(deps).get(runOf(container), checkedPath(path), { signal: within }),
  );
  await tellOf(deps, ctx, container, 'archive.read');
  return { stat: answer.stat, content: content(answer.content) };
}

/** Unpacks a tar into a directory. Throws as statContainerPath does, and forbidden for a read-only root and by role. */
export async function writeContainerArchive(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: { path: string; tar: AsyncIterable<Uint8Array> } & Pick<PutOptions, 'noOverwriteDirNonDir' | 'copyUidGid'>,
  signal: AbortSignal,
): Promise<void> {
  authorize(ctx.principal, 'write');
  const { path, tar, ...how } = input;
  const container = await madeContainer(deps, ctx, reference, 'archive');
  const deadline = new IdleDeadline(deps.clock, IDLE_SECONDS, signal);
  try {
    const options = { ...how, signal: deadline.signal };
    await archiveOf(deps).put(runOf(container), checkedPath(path), sendWithin(tar, deadline), options);
    await tellOf(deps, ctx, container, 'archive.written');
  } finally {
    deadline.end();
  }
}

/** Against its image. Throws not_found, unsupported, conflict. */
export async function listContainerChanges(deps: Deps, ctx: Ctx, reference: string): Promise<PathChange[]> {
  const container = await madeContainer(deps, ctx, reference, 'changes');
  if (!deps.provider.changes) throw lacking(deps.provider.name, 'changes');
  return deps.provider.changes(runOf(container), callOptions());
}

/** A tar of its whole file system; it ends with the signal, broken off. Throws not_found, unsupported, conflict. */
export async function exportContainer(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const container = await madeContainer(deps, ctx, reference, 'export');
  const { export: open } = deps.provider;
  if (!open) throw lacking(deps.provider.name, 'export');
  const { answer, content } = await transfer(deps, signal, (within) => open(runOf(container), { signal: within }));
  await tellOf(deps, ctx, container, 'exported');
  return content(answer);
}

/** By id; null for one that has no files, and for all where the provider does not tell. */
export async function measureContainers(
  deps: Deps,
  ctx: Ctx,
  ids: readonly string[],
): Promise<Map<string, ContainerSizes | null>> {
  const { sizes } = deps.provider;
  if (!sizes) return new Map(ids.map((id) => [id, null]));
  const waiting = [...ids];
  const found = new Map<string, ContainerSizes | null>();
  const lane = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const measured = madeContainer(deps, ctx, id, 'archive').then((made) => sizes(runOf(made), callOptions()));
      found.set(id, await unlessGone(measured));
    }
  };
  await Promise.all(Array.from({ length: MEASURED_AT_ONCE }, lane));
  return found;
}

async function unlessGone<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof AppError && (error.code === 'not_found' || error.code === 'conflict')) return null;
    throw error;
  }
}

/** Opens something to be read on; its deadline goes with what is read. */
async function transfer<T>(deps: Deps, signal: AbortSignal, open: (within: AbortSignal) => Promise<T>) {
  const deadline = new IdleDeadline(deps.clock, IDLE_SECONDS, signal);
  try {
    const answer = await open(deadline.signal);
    return { answer, content: (source: AsyncIterable<Uint8Array>) => readWithin(source, deadline) };
  } catch (error) {
    deadline.end();
    throw error;
  }
}

function archiveOf({ provider }: Deps): ArchivePort {
  if (!provider.archive) throw lacking(provider.name, 'archive');
  return provider.archive;
}

/** What it means is for the container to say; here only what no file system takes is refused. */
function checkedPath(path: string): string {
  if (path !== '' && path.length <= 4096 && !path.includes('\0') && path.isWellFormed()) return path;
  const message = 'must be 1 to 4096 characters without NUL';
  throw new AppError('invalid', `path: ${message}`, { details: { fields: [{ path: 'path', message }] } });
}
