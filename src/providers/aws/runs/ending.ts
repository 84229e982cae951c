/** Stop, kill and destroy. ECS has one way to end a task; other signals go through a process in the container. */
import { signalName as knownSignal } from '../../../domain/container-spec.ts';
import { AppError, hasCode, unless } from '../../../domain/errors.ts';
import type { CallOptions, RunRef } from '../../provider.ts';
import { signalRun } from '../exec/live.ts';
import { removeUse } from '../images/uses.ts';
import { forgetNames } from '../names.ts';
import { clusterName } from '../naming.ts';
import type { Site } from '../site.ts';
import { addToHistory } from './history.ts';
import { liveTask, taskOf, withTaskArn } from './lookup.ts';
import { isStopped } from './observation.ts';
import { hasAgent, type RecordedRun, readRecord, removeRecord } from './records.ts';
import { stopTask } from './stop.ts';

const firstPauseMs = 50;
const longestPauseMs = 2_000;
/** For a KILL from inside: opening a session takes about a second. */
const killMs = 8_000;

/**
 * The task's own grace, fixed when it was made, is what AWS waits before it kills, after the image's stop signal. Another
 * signal goes through a process inside; where that cannot be, the image's is sent instead.
 */
export async function stopRun(site: Site, run: RunRef, signalName: string | null, options: CallOptions): Promise<void> {
  const recorded = await readRecord(site, run.key, options);
  if (!recorded || recorded.value.ended) return;
  if (signalName !== null && canonical(signalName) !== canonical(recorded.value.stopSignal)) {
    if (await sentInside(site, run, recorded, canonical(signalName), options)) return;
    site.log('stop signal of the image sent instead of another one', { key: run.key, signalName });
  }
  await stopTaskOf(site, recorded, options);
}

/** By a process inside, where that can be; otherwise ECS ends the task, which knows its stop signal and then KILL. */
export async function killRun(site: Site, run: RunRef, signalName: string, options: CallOptions): Promise<void> {
  const parsed = knownSignal.safeParse(signalName);
  if (!parsed.success) throw new AppError('invalid', `No such signal: ${signalName.slice(0, 32)}`);
  const { recorded } = await liveTask(site, run, options);
  const signal = canonical(parsed.data);
  if (signal === 'KILL' || signal === canonical(recorded.value.stopSignal)) {
    if (!(await sentInside(site, run, recorded, signal, options))) await stopTaskOf(site, recorded, options);
    return;
  }
  if (hasAgent(site, recorded.value)) return signalRun(site, run, signal, options);
  throw new AppError('unsupported', `ECS sends KILL and the image's own stop signal only, not ${signal}`);
}

async function sentInside(
  site: Site,
  run: RunRef,
  recorded: RecordedRun,
  signal: string,
  options: CallOptions,
): Promise<boolean> {
  if (!hasAgent(site, recorded.value)) return false;
  const sent = signalRun(site, run, signal, options).then(() => true);
  return unless(sent, ['unsupported', 'unavailable', 'forbidden', 'conflict', 'not_found'], false);
}

/** Its process is killed, its task stopped and seen stopped, then its record goes: so nobody can start what is gone. */
export async function destroyRun(site: Site, key: string, options: CallOptions): Promise<void> {
  const recorded = await readRecord(site, key, options);
  if (!recorded) return;
  await killInside(site, recorded, options);
  const task = await stopTaskOf(site, recorded, options);
  let pauseMs = firstPauseMs;
  while (task) {
    const seen = await taskOf(site, task, options);
    if (!seen || isStopped(seen)) break;
    if (options.signal.aborted) throw new AppError('timeout', 'AWS has not stopped the container in time');
    await site.clock.sleep(pauseMs, options.signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
  await forgetNames(site, recorded, options);
  if (task) await addToHistory(site, task.value, options);
  await removeRecord(site, key, options);
  await removeUse(site, recorded.value, options);
}

/** StopTask alone would wait for the grace of a process that ignores its stop signal. What cannot be reached inside soon is left to it. */
async function killInside(site: Site, recorded: RecordedRun, options: CallOptions): Promise<void> {
  const { key, ended } = recorded.value;
  if (ended || !hasAgent(site, recorded.value)) return;
  const soon = new AbortController();
  void site.clock.sleep(killMs, soon.signal).then(() => soon.abort());
  try {
    await signalRun(site, { key, handle: key }, 'KILL', {
      ...options,
      signal: AbortSignal.any([options.signal, soon.signal]),
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (!hasCode(error, 'conflict', 'not_found'))
      site.log('a container is stopped instead of killed', { key, err: error });
  } finally {
    soon.abort();
  }
}

/** Null when it never had one. */
async function stopTaskOf(site: Site, before: RecordedRun, options: CallOptions): Promise<RecordedRun | null> {
  const recorded = await withTaskArn(site, before, options);
  const { taskArn = null, tenantId = '' } = recorded?.value ?? {};
  if (taskArn === null) return null;
  await stopTask(site, { cluster: clusterName(site, tenantId), taskArn, tenantId }, options);
  return recorded;
}

const numbered: Record<string, string> = { '9': 'KILL', '15': 'TERM', '2': 'INT', '3': 'QUIT', '1': 'HUP' };
const canonical = (name: string): string => {
  const plain = name.toUpperCase().replace(/^SIG/, '');
  return numbered[plain] ?? plain;
};
