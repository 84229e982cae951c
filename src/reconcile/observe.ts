/** Folds what the provider shows into the run: pure. Terminal facts of an incarnation stick; stale answers are dropped. */
import type { Container, Failure, Run } from '../domain/container.ts';
import type { Features, Observation } from '../providers/provider.ts';

/** Null when the observation is older than what is known already. */
export function foldObservation(container: Container, seen: Observation, features: Features, now: Date): Run | null {
  const run = container.run;
  const version = versionOf(seen, run);
  if (version < run.observedVersion) return null;
  const base: Run = { ...run, observedVersion: version, observedAt: now };
  if (seen.kind === 'absent') return foldAbsence(base, features, now);

  const next: Run = {
    ...base,
    handle: seen.handle,
    phase: seen.phase,
    health: seen.health,
    address: seen.address,
    networks: seen.networks,
    resources: seen.resources,
    ports: seen.ports,
    startedAt: seen.startedAt ?? run.startedAt,
    absentSince: null,
  };
  if (seen.phase === 'running' || seen.phase === 'paused') {
    const satisfied = run.stoppedSeq >= container.stopSeq;
    return {
      ...next,
      startedSeq: satisfied ? container.startSeq : run.startedSeq,
      finishedAt: null,
      exitCode: null,
      oomKilled: false,
      failure: null,
      restartAt: null,
    };
  }
  if (seen.phase === 'exited') {
    return {
      ...next,
      exitCode: seen.exitCode,
      oomKilled: seen.oomKilled,
      finishedAt: seen.finishedAt ?? run.finishedAt ?? now,
      stoppedSeq: container.stopSeq,
      stopRequestedAt: null,
      // A start that failed leaves its reason until the next one.
      phase: run.phase === 'failed' && run.startedSeq >= container.startSeq ? 'failed' : 'exited',
      failure: seen.interrupted && wasUp(run) ? interruption : run.failure,
    };
  }
  const isSatisfied = run.startedSeq >= container.startSeq;
  const stopped = { ...next, stoppedSeq: container.stopSeq };
  // A start that was taken, and came to nothing later.
  if (seen.failure && isSatisfied) return { ...stopped, phase: 'failed', failure: seen.failure };
  return { ...stopped, phase: run.phase === 'failed' && isSatisfied ? 'failed' : 'created' };
}

/** Said of a run until its next start. */
const interruption: Failure = { code: 'unavailable', message: 'The provider stopped while the container ran' };

const wasUp = (run: Run): boolean => run.phase === 'running' || run.phase === 'paused';

/** An absence has no version: it must not outrank what the provider numbers. */
function versionOf(seen: Observation, run: Run): number {
  if (seen.kind === 'absent') return run.observedVersion;
  return seen.version ?? run.observedVersion + 1;
}

function foldAbsence(run: Run, features: Features, now: Date): Run {
  const never = run.phase === 'pending' || (run.phase === 'failed' && run.handle === null);
  if (never || run.phase === 'gone' || run.phase === 'lost') return run;
  const absentSince = run.absentSince ?? now;
  if (now.getTime() - absentSince.getTime() < features.absenceSeconds * 1000) return { ...run, absentSince };
  return {
    ...run,
    absentSince,
    phase: 'lost',
    finishedAt: run.finishedAt ?? now,
    address: null,
    networks: null,
    ports: [],
    stopRequestedAt: null,
  };
}
