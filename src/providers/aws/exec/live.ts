/** What is done inside a run while it lives: commands, signals, pauses, its processes. All of it needs the agent of exec in its task. */
import { AppError, hasCode } from '../../../domain/errors.ts';
import type { ExecSpec } from '../../../domain/exec.ts';
import { noteOn } from '../../../domain/features.ts';
import type { ArchivePort, CallOptions, ExecAccess, RunRef, Session, StatsSample } from '../../provider.ts';
import { getRecord, liveTask } from '../runs/lookup.ts';
import { changeRecord } from '../runs/records.ts';
import type { Site } from '../site.ts';
import { readFiles, statPath } from './archive.ts';
import { accessTo, type ExecTarget, execIn } from './exec.ts';
import { readRoot } from './export.ts';
import { measure } from './measures.ts';
import { freeze, listProcesses, signalCommand, thaw } from './processes.ts';
import { writeFiles } from './unpack.ts';

/** Throws not_found, conflict when nothing runs, unsupported where there is no agent. */
async function targetOf(
  site: Site,
  run: RunRef,
  options: CallOptions,
): Promise<{ target: ExecTarget; isPaused: boolean }> {
  const { recorded, cluster, taskArn, container, task } = await liveTask(site, run, options);
  const { tenantId, allowsExec, isPaused, user, workdir } = recorded.value;
  if (!allowsExec) {
    throw new AppError('unsupported', 'Nothing can be done inside a container here whose root is read-only');
  }
  // ECS lets nobody into a task that is to end, and says only that it cannot be reached.
  if (task.desiredStatus === 'STOPPED') throw new AppError('conflict', 'The container is being stopped');
  return { target: { cluster, taskArn, container, tenantId, user, workdir }, isPaused };
}

export async function execRun(site: Site, run: RunRef, spec: ExecSpec, options: CallOptions): Promise<Session> {
  return execIn(site, await unpausedTarget(site, run, options), spec, options);
}

export async function accessRun(site: Site, run: RunRef, spec: ExecSpec, options: CallOptions): Promise<ExecAccess> {
  return accessTo(site, await unpausedTarget(site, run, options), spec, options);
}

async function unpausedTarget(site: Site, run: RunRef, options: CallOptions): Promise<ExecTarget> {
  const { target, isPaused } = await targetOf(site, run, options);
  if (isPaused) throw new AppError('conflict', 'The container is paused');
  return target;
}

export async function signalRun(site: Site, run: RunRef, signalName: string, options: CallOptions): Promise<void> {
  const { target } = await targetOf(site, run, options);
  await signalCommand(site, target, signalName, options);
}

/** The record says it first: a pause that broke off half-way is undone by the next unpause. */
export async function pauseRun(site: Site, run: RunRef, options: CallOptions): Promise<void> {
  const { target } = await targetOf(site, run, options);
  await setPaused(site, run, true, options);
  await freeze(site, target, options);
}

export async function unpauseRun(site: Site, run: RunRef, options: CallOptions): Promise<void> {
  const { target, isPaused } = await targetOf(site, run, options);
  if (!isPaused) return;
  await thaw(site, target, options);
  await setPaused(site, run, false, options);
}

async function setPaused(site: Site, run: RunRef, isPaused: boolean, options: CallOptions): Promise<void> {
  for (;;) {
    const recorded = await getRecord(site, run, options);
    if (recorded.value.isPaused === isPaused || recorded.value.ended) return;
    if (await changeRecord(site, recorded, { isPaused }, options)) return;
  }
}

export async function topOf(site: Site, run: RunRef, psArguments: string, options: CallOptions) {
  const { target } = await targetOf(site, run, options);
  return listProcesses(site, target, psArguments, options);
}

export async function exportRun(site: Site, run: RunRef, options: CallOptions): Promise<AsyncIterable<Uint8Array>> {
  return readRoot(site, await filesOf(site, run, options), options);
}

export async function* statsOf(site: Site, run: RunRef, options: CallOptions): AsyncGenerator<StatsSample, void, void> {
  try {
    yield* measure(site, (await targetOf(site, run, options)).target, options);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

/** Whose files there are. Throws conflict, with what to do instead, where nothing runs. */
async function filesOf(site: Site, run: RunRef, options: CallOptions): Promise<ExecTarget> {
  try {
    return (await targetOf(site, run, options)).target;
  } catch (error) {
    if (!hasCode(error, 'conflict')) throw error;
    throw new AppError('conflict', noteOn('aws', 'cp before a start'), { cause: error });
  }
}

export function archiveOf(site: Site): ArchivePort {
  return {
    stat: async (run, path, options) => statPath(site, await filesOf(site, run, options), path, options),
    get: async (run, path, options) => {
      const target = await filesOf(site, run, options);
      const stat = await statPath(site, target, path, options);
      return { stat, content: await readFiles(site, target, path, options) };
    },
    put: async (run, path, tar, options) => {
      const { value } = await getRecord(site, run, options);
      if (!value.allowsExec) throw new AppError('forbidden', "The container's root file system is read-only");
      await writeFiles(site, await filesOf(site, run, options), path, tar, options);
    },
  };
}
