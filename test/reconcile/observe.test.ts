import { describe, expect, it } from 'vitest';
import type { Run } from '../../src/domain/container.ts';
import type { Features, Observation } from '../../src/providers/provider.ts';
import { foldObservation } from '../../src/reconcile/observe.ts';
import { runEvents } from '../../src/reconcile/run-events.ts';
import { aContainer, ago, now } from '../support/container.ts';

const features: Features = {
  restartInPlace: true,
  absenceSeconds: 2,
  mountTypes: ['volume'],
  maxCpus: null,
  maxMemoryMiB: null,
};
const present = (change: Partial<Extract<Observation, { kind: 'present' }>>): Observation => ({
  kind: 'present',
  handle: 'h1',
  phase: 'running',
  exitCode: null,
  oomKilled: false,
  interrupted: false,
  health: 'none',
  address: null,
  networks: null,
  resources: null,
  ports: [],
  startedAt: ago(5),
  finishedAt: null,
  version: null,
  ...change,
});
const ended = (change = {}) => present({ phase: 'exited', exitCode: 3, finishedAt: ago(1), ...change });

describe('an observation', () => {
  it('that is older than what is known is dropped', () => {
    expect(foldObservation(aContainer(), present({ version: 6 }), features, now)).toBeNull();
    expect(foldObservation(aContainer(), present({ version: 7 }), features, now)).toMatchObject({ observedVersion: 7 });
  });

  it('of a start that came to nothing later is its failure, unless another start is due', () => {
    const failure = { code: 'invalid', message: 'no such image' } as const;
    const seen = present({ phase: 'created', startedAt: null, failure });
    expect(foldObservation(aContainer(), seen, features, now)).toMatchObject({ phase: 'failed', failure });
    expect(foldObservation(aContainer({ startSeq: 2 }), seen, features, now)).toMatchObject({ phase: 'created' });
  });

  it('of an end keeps its facts and counts as the stop that a restart waits for', () => {
    const restarting = aContainer({ startSeq: 2, stopSeq: 2 });
    const run = foldObservation(restarting, ended(), features, now);
    expect(run).toMatchObject({ phase: 'exited', exitCode: 3, finishedAt: ago(1), stoppedSeq: 2, startedSeq: 1 });
  });

  it('of an absence is believed only when it lasts', () => {
    const first = foldObservation(aContainer(), { kind: 'absent' }, features, now);
    expect(first).toMatchObject({ phase: 'running', absentSince: now });
    const missed = aContainer({}, { absentSince: ago(2) });
    expect(foldObservation(missed, { kind: 'absent' }, features, now)).toMatchObject({ phase: 'lost' });
  });

  it('of what was never made is no loss', () => {
    const pending = aContainer({}, { phase: 'pending', handle: null, startedAt: null });
    expect(foldObservation(pending, { kind: 'absent' }, features, now)).toMatchObject({
      phase: 'pending',
      absentSince: null,
    });
  });
});

describe('an event of health', () => {
  const eventsOf = (before: Partial<Run>, after: Partial<Run>) => {
    const container = aContainer({}, before);
    return runEvents(container, { ...container.run, ...after }).map(({ type, cause }) => [type, cause]);
  };

  it('is made of what a probe found, and not of a start or a pause', () => {
    expect(eventsOf({ health: 'none' }, { health: 'starting' })).toEqual([]);
    expect(eventsOf({ health: 'starting' }, { health: 'healthy' })).toEqual([['health', 'healthy']]);
    expect(eventsOf({ health: 'healthy' }, { health: 'unhealthy' })).toEqual([['health', 'unhealthy']]);
    expect(eventsOf({ health: 'healthy' }, { health: 'unhealthy', phase: 'paused' })).toEqual([['paused', 'request']]);
  });
});

describe('a provider that stopped', () => {
  it('is the reason that an interrupted run carries until its next start', () => {
    const container = aContainer();
    const run = foldObservation(container, ended({ interrupted: true }), features, now);
    expect(run).toMatchObject({ phase: 'exited', failure: { code: 'unavailable' } });
    if (!run) throw new Error('dropped');
    expect(runEvents(container, run)).toMatchObject([{ type: 'exited', cause: 'provider stop' }]);
    const again = foldObservation({ ...container, run }, ended({ interrupted: true }), features, now);
    expect(again?.failure).toEqual(run.failure);
    expect(foldObservation({ ...container, run }, present({ startedAt: now }), features, now)?.failure).toBeNull();
  });

  it('is no reason for an end that was seen before', () => {
    const exited = aContainer({}, { phase: 'exited', exitCode: 3, finishedAt: ago(1) });
    expect(foldObservation(exited, ended({ interrupted: true }), features, now)?.failure).toBeNull();
  });
});
