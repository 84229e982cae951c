/** The lifecycle events that a change of a run implies: pure. */
import type { Container, Run } from '../domain/container.ts';
import type { NewEvent } from '../domain/event.ts';
import { systemActor } from '../domain/principal.ts';

export type RunEvent = Pick<NewEvent, 'type' | 'cause' | 'actor' | 'data'>;

/** @param container as recorded before; @param run as it is now */
export function runEvents(container: Container, run: Run): RunEvent[] {
  const before = container.run;
  const events: RunEvent[] = [];
  const add = (type: string, cause: string, data: RunEvent['data'] = {}) =>
    events.push({ type, cause, actor: systemActor, data: { incarnation: run.incarnation, ...data } });

  if (run.incarnation !== before.incarnation) add('renewed', before.phase === 'lost' ? 'loss' : 'start');
  const sameRun = run.incarnation === before.incarnation;
  const wasMade = sameRun && before.phase !== 'pending' && !(before.phase === 'failed' && before.handle === null);
  const isMade = run.phase !== 'pending' && run.phase !== 'gone' && run.handle !== null;
  if (!wasMade && isMade) add('created', 'request');

  const startedBefore = sameRun ? before.startedAt?.getTime() : undefined;
  if (run.startedAt && run.startedAt.getTime() !== startedBefore) {
    const byPolicy = run.restartCount > before.restartCount;
    const restarted = !byPolicy && container.stopSeq > 0 && container.stopSeq === container.startSeq;
    add('started', byPolicy ? 'restart policy' : 'request', restarted ? { restarted } : {});
  }
  const changed = !sameRun || run.phase !== before.phase;
  const isUp = run.phase === 'running' || run.phase === 'paused';
  if (!isUp && run.finishedAt && run.finishedAt.getTime() !== (sameRun ? before.finishedAt?.getTime() : undefined)) {
    add('exited', endCause(container, run), {
      ...{ exitCode: run.exitCode, oomKilled: run.oomKilled },
      ...(wasStopped(container) && { stopped: true }),
    });
  }
  if (changed && run.phase === 'paused') add('paused', 'request');
  if (changed && run.phase === 'running' && before.phase === 'paused') add('unpaused', 'request');
  if (changed && run.phase === 'lost') add('lost', 'provider');
  if (changed && run.phase === 'failed')
    add('failed', 'provider', { code: run.failure?.code ?? null, exitCode: run.exitCode });
  // The Docker Engine calls what it does not probe, because it is paused, unhealthy.
  const wasProbed = run.phase === 'running' && (run.health === 'healthy' || run.health === 'unhealthy');
  if (wasProbed && run.health !== before.health) add('health', run.health);
  return events;
}

/** A stop or a restart was asked for, and not its violent kin. */
function wasStopped({ desired, stopSignal, stopSeq, run }: Container): boolean {
  return (desired === 'stopped' && stopSignal !== 'KILL') || run.stoppedSeq < stopSeq;
}

function endCause({ desired }: Container, run: Run): string {
  if (run.phase === 'lost') return 'loss';
  if (desired === 'stopped' || desired === 'removed') return 'request';
  return run.phase === 'exited' && run.failure ? 'provider stop' : 'exit';
}
