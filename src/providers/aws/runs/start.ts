/** Starting a run, which makes one task of it, ever. */
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions, RunRef } from '../../provider.ts';
import type { Site } from '../site.ts';
import { afterFailure, launch } from './launch.ts';
import { getRecord, gone, taskOf, withTaskArn } from './lookup.ts';
import { hasRun, isStopped } from './observation.ts';
import type { RecordedRun } from './records.ts';
import { startErrorOf } from './start-failures.ts';

/** So long it is waited for: what comes up sooner answers at once, what takes longer is seen by whoever looks. */
const patienceMs = 10_000;
const firstPauseMs = 50;
const longestPauseMs = 1_000;

export async function startRun(site: Site, run: RunRef, options: CallOptions): Promise<void> {
  let recorded = await withTaskArn(site, await getRecord(site, run, options), options);
  if (!recorded) throw gone();
  if (recorded.value.taskArn !== null) {
    const task = await taskOf(site, recorded, options);
    const hasEnded = recorded.value.ended !== null || (task !== null && isStopped(task) && hasRun(task));
    if (hasEnded) throw new AppError('conflict', 'The container has ended and cannot be started in place');
    // Its last start came to nothing, and this is another one.
    if (task && isStopped(task)) recorded = await afterFailure(site, recorded, task, options);
  }
  recorded = await launch(site, recorded, options);
  await settled(site, recorded, options);
}

async function settled(site: Site, recorded: RecordedRun, options: CallOptions): Promise<void> {
  const until = site.clock.now() + patienceMs;
  let pauseMs = firstPauseMs;
  while (site.clock.now() < until && !options.signal.aborted) {
    const task = await taskOf(site, recorded, options);
    if (task && hasRun(task)) return;
    if (task && isStopped(task)) {
      await afterFailure(site, recorded, task, options);
      throw startErrorOf(task) ?? new AppError('conflict', 'The container was stopped before it ran');
    }
    await site.clock.sleep(pauseMs, options.signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}
