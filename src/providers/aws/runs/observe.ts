/** Looking at a run. How it ended is written down the first time it is seen, because ECS forgets it within hours. */
import { unless } from '../../../domain/errors.ts';
import type { CallOptions, Observation, RunRef } from '../../provider.ts';
import { publicAddressOf } from '../addresses.ts';
import { enterNames, tryToLeaveNames } from '../names.ts';
import type { Site } from '../site.ts';
import { afterFailure } from './launch.ts';
import { taskOf, withTaskArn } from './lookup.ts';
import {
  awaitedObservation,
  endedObservation,
  endOf,
  hasRun,
  interfaceOf,
  isStopped,
  madeObservation,
  taskObservation,
} from './observation.ts';
import { changeRecord, type RecordedRun, readRecord } from './records.ts';

/** ECS may not know a task for so long after it was asked for, by the clock of a process that need not be this one. */
const unknownMs = 120_000;

export async function observeRun(site: Site, run: RunRef, options: CallOptions): Promise<Observation> {
  const recorded = await readRecord(site, run.key, options);
  return recorded ? observeRecord(site, recorded, options) : { kind: 'absent' };
}

export async function observeRecord(site: Site, before: RecordedRun, options: CallOptions): Promise<Observation> {
  if (before.value.ended) return endedObservation(before.value, before.value.ended);
  const recorded = await withTaskArn(site, before, options);
  if (!recorded) return { kind: 'absent' };
  const record = recorded.value;
  if (record.askedAt === null) return madeObservation(record);
  const task = await taskOf(site, recorded, options);
  if (!task) {
    // Nobody knows whether the start arrived: asking again with its token tells.
    if (record.taskArn === null) return madeObservation(record);
    const isRecent = Math.abs(site.clock.now() - record.askedAt.getTime()) < unknownMs;
    return isRecent ? awaitedObservation(record) : { kind: 'absent' };
  }
  if (isStopped(task) && !hasRun(task)) {
    // It never ran: it is as it was made, and stays so when ECS has forgotten the task.
    const made = await unless(afterFailure(site, recorded, task, options), ['not_found'], null);
    return made ? observeRecord(site, made, options) : { kind: 'absent' };
  }
  const ended = endOf(task, record);
  if (ended) {
    const namedAt = await tryToLeaveNames(site, record, options);
    const written = await changeRecord(site, recorded, { ended, isPaused: false, namedAt }, options);
    return written || (await readRecord(site, record.key, options))
      ? endedObservation(record, ended)
      : { kind: 'absent' };
  }
  if (hasRun(task) && !isStopped(task)) await enterNames(site, recorded, interfaceOf(task).privateIp, options);
  return taskObservation(record, task, record.ports.length > 0 ? await publicAddressOf(site, task, options) : null);
}
