import { describe, expect, it } from 'vitest';
import type { Container } from '../../src/domain/container.ts';
import type { Features } from '../../src/providers/provider.ts';
import { LIVE_CHECK_SECONDS, needsNoLook, plan } from '../../src/reconcile/plan.ts';
import { aContainer, ago, now } from '../support/container.ts';

const inPlace: Features = {
  restartInPlace: true,
  absenceSeconds: 2,
  mountTypes: ['volume'],
  maxCpus: null,
  maxMemoryMiB: null,
};
const anew: Features = { ...inPlace, restartInPlace: false };
const next = (container: Container, features = inPlace) => plan(container, features, now);
const settled = (afterSeconds: number | null = null) => ({ kind: 'settled', afterSeconds, failure: null });

describe('a container that shall run', () => {
  it('is created, then started, then left alone but for a look now and then', () => {
    expect(next(aContainer({}, { phase: 'pending', startedSeq: 0 }))).toEqual({ kind: 'create' });
    expect(next(aContainer({}, { phase: 'created', startedSeq: 0 }))).toEqual({ kind: 'start', byPolicy: false });
    expect(next(aContainer())).toEqual(settled(LIVE_CHECK_SECONDS));
  });

  it('is started again in place where the provider can, and as a new incarnation where it cannot', () => {
    const stopped = aContainer({ startSeq: 2 }, { phase: 'exited', exitCode: 0, finishedAt: ago(3) });
    expect(next(stopped)).toEqual({ kind: 'start', byPolicy: false });
    expect(next(stopped, anew)).toEqual({ kind: 'renew', byPolicy: false });
  });

  it('stays exited when it ended by itself and has no restart policy', () => {
    expect(next(aContainer({}, { phase: 'exited', exitCode: 1, finishedAt: ago(3) }))).toEqual(settled());
  });

  it('is made anew when it vanished while running, and left alone when it had ended before', () => {
    expect(next(aContainer({}, { phase: 'lost' }))).toEqual({ kind: 'renew', byPolicy: false });
    expect(next(aContainer({}, { phase: 'lost', exitCode: 0 }))).toEqual(settled());
    const always = aContainer({}, { phase: 'lost', exitCode: 0 }, { restart: 'always' });
    expect(next(always)).toEqual({ kind: 'renew', byPolicy: true });
  });

  it('is not given up for lost at the first look that misses it', () => {
    expect(next(aContainer({}, { absentSince: ago(0.5) }))).toEqual({ kind: 'wait', seconds: 1.5 });
  });

  it('is not started again after a start that failed for good', () => {
    const failure = { code: 'invalid', message: 'no such command' } as const;
    expect(next(aContainer({}, { phase: 'failed', failure }))).toEqual({
      kind: 'settled',
      afterSeconds: null,
      failure,
    });
    expect(next(aContainer({ startSeq: 2 }, { phase: 'failed', failure }))).toEqual({ kind: 'start', byPolicy: false });
    expect(next(aContainer({ startSeq: 2 }, { phase: 'failed', failure, handle: null }))).toEqual({ kind: 'create' });
  });
});

describe('a container whose start is under way at the provider', () => {
  const starting = (change = {}, run = {}) =>
    plan(aContainer(change, { phase: 'created', ...run }), anew, now, { isStarting: true });

  it('is waited for and not started again', () => {
    expect(starting()).toEqual({ kind: 'wait', seconds: 1 });
    expect(starting({ startSeq: 2 })).toEqual({ kind: 'wait', seconds: 1 });
  });

  it('is told once to stop when it shall not run any more, and removed at once', () => {
    expect(starting({ desired: 'stopped' })).toMatchObject({ kind: 'stop' });
    expect(starting({ desired: 'stopped' }, { stopRequestedAt: ago(30) })).toEqual({ kind: 'wait', seconds: 1 });
    expect(starting({ desired: 'removed' })).toEqual({ kind: 'destroy' });
  });
});

describe('a restart', () => {
  const restarting = (run = {}) => aContainer({ startSeq: 2, stopSeq: 2 }, run);

  it('stops what runs, kills it after its grace, and starts it again', () => {
    expect(next(restarting())).toEqual({ kind: 'stop', signal: null, graceSeconds: 10 });
    expect(next(restarting({ stopRequestedAt: ago(4) }))).toEqual({ kind: 'wait', seconds: 6 });
    expect(next(restarting({ stopRequestedAt: ago(10) }))).toEqual({ kind: 'kill', signal: 'KILL' });
    expect(next(restarting({ phase: 'exited', stoppedSeq: 2 }))).toEqual({ kind: 'start', byPolicy: false });
  });

  it('does not happen twice when its stop was recorded', () => {
    expect(next(restarting({ stoppedSeq: 2, startedSeq: 2 }))).toEqual(settled(LIVE_CHECK_SECONDS));
  });
});

describe('the first step without a look', () => {
  const atRest = { generation: 2, observedGeneration: 1 };
  const isBlind = (container: Container) => needsNoLook(container, next(container));

  it('is a start or a removal of what stands still, with nothing else to be done', () => {
    for (const phase of ['created', 'exited'] as const) {
      expect(isBlind(aContainer({ ...atRest, startSeq: 2 }, { phase, startedSeq: 1, exitCode: 0 }))).toBe(true);
      expect(isBlind(aContainer({ ...atRest, desired: 'removed' }, { phase }))).toBe(true);
    }
  });

  it('is no step of what moves, was missed, or has more to it than the newest intent', () => {
    const removed = { ...atRest, desired: 'removed' as const };
    expect(isBlind(aContainer(removed, { phase: 'running' }))).toBe(false);
    expect(isBlind(aContainer(removed, { phase: 'exited', absentSince: ago(1) }))).toBe(false);
    expect(isBlind(aContainer({ ...removed, observedGeneration: 0 }, { phase: 'exited' }))).toBe(false);
  });

  it('is no start that was taken already, and is under way or came to nothing', () => {
    expect(isBlind(aContainer({ ...atRest, startSeq: 2 }, { phase: 'created', startedSeq: 2 }))).toBe(false);
  });

  it('is neither a restart, whose stop is to be seen, nor a start by the policy', () => {
    const restart = { ...atRest, startSeq: 2, stopSeq: 2 };
    expect(isBlind(aContainer(restart, { phase: 'exited', startedSeq: 1, stoppedSeq: 0, exitCode: 0 }))).toBe(false);
    const restarting = { restart: { policy: 'always' as const } };
    const ended = { phase: 'exited' as const, exitCode: 1, finishedAt: ago(60) };
    expect(isBlind(aContainer(atRest, ended, restarting))).toBe(false);
  });
});

describe('restart policies', () => {
  const ended = (restart: string, run = {}, change = {}) =>
    aContainer(change, { phase: 'exited', exitCode: 1, finishedAt: ago(0), ...run }, { restart });

  it('wait twice as long after each restart, up to a minute', () => {
    const waits = [0, 1, 2, 3, 9].map((restartStreak) => next(ended('always', { restartStreak })));
    expect(waits).toEqual([0.5, 1, 2, 4, 60 / 2].map((seconds) => ({ kind: 'backoff', seconds })));
  });

  it('start it when the wait is over', () => {
    expect(next(ended('always', { finishedAt: ago(1) }))).toEqual({ kind: 'start', byPolicy: true });
  });

  it('on-failure counts failures only, and gives up after so many', () => {
    expect(next(ended('on-failure:2', { exitCode: 0 }))).toEqual(settled());
    expect(next(ended('on-failure:2', { restartStreak: 1 })).kind).toBe('backoff');
    expect(next(ended('on-failure:2', { restartStreak: 2 }))).toEqual(settled());
  });

  it('keep still after a tenant stopped or killed it', () => {
    expect(next(ended('always', {}, { desired: 'stopped' }))).toEqual(settled());
    expect(next(ended('unless-stopped', {}, { restartSuppressed: true }))).toEqual(settled());
  });
});

describe('stopping, pausing, signalling', () => {
  it('takes the signal and the grace of the request before those of the spec', () => {
    const spec = { stop: { signal: 'INT' } };
    expect(next(aContainer({ desired: 'stopped' }, {}, spec))).toEqual({
      kind: 'stop',
      signal: 'INT',
      graceSeconds: 10,
    });
    const asked = aContainer({ desired: 'stopped', stopSignal: 'QUIT', stopGraceSeconds: 1 }, {}, spec);
    expect(next(asked)).toEqual({ kind: 'stop', signal: 'QUIT', graceSeconds: 1 });
  });

  it('thaws what is paused before it stops it', () => {
    expect(next(aContainer({ desired: 'stopped' }, { phase: 'paused' }))).toEqual({ kind: 'unpause' });
  });

  it('pauses what runs and unpauses what is paused', () => {
    expect(next(aContainer({ desired: 'paused' }))).toEqual({ kind: 'pause' });
    expect(next(aContainer({ desired: 'running' }, { phase: 'paused' }))).toEqual({ kind: 'unpause' });
  });

  it('delivers a signal only to what runs', () => {
    expect(next(aContainer({ pendingSignal: 'HUP' }))).toEqual({ kind: 'signal', signal: 'HUP' });
    expect(next(aContainer({ pendingSignal: 'HUP', desired: 'paused' }, { phase: 'paused' }))).toMatchObject({
      signal: 'HUP',
    });
    expect(next(aContainer({ pendingSignal: 'HUP', desired: 'stopped' }))).toMatchObject({ signal: 'HUP' });
    expect(next(aContainer({ pendingSignal: 'HUP' }, { phase: 'exited', exitCode: 0 }))).toEqual(settled());
  });

  it('tells the provider a new name', () => {
    expect(next(aContainer({ name: 'api' }))).toEqual({ kind: 'rename' });
  });
});

describe('networks', () => {
  const attachment = (key: string, aliases: string[] = []) => {
    const facts = { networkId: key, name: key, isDefault: false, internal: false, ipam: null };
    return { ...facts, key, aliases };
  };
  const seen = (...aliases: string[]) => ({ address: null, prefixLength: null, gateway: null, mac: null, aliases });
  const wanted = { attachments: [attachment('front', ['www']), attachment('back')] };
  const both = { front: seen('www'), back: seen() };

  it('are connected where they are missing, and disconnected where they are too many', () => {
    expect(next(aContainer(wanted, { networks: { front: seen('www') } }))).toEqual({
      kind: 'connect',
      network: attachment('back'),
    });
    expect(next(aContainer(wanted, { networks: { ...both, old: seen() } }))).toEqual({
      kind: 'disconnect',
      key: 'old',
    });
    expect(next(aContainer(wanted, { networks: both }))).toEqual(settled(LIVE_CHECK_SECONDS));
  });

  it('are disconnected first where other aliases are wanted; its own names are none', () => {
    const named = (...aliases: string[]) =>
      next(aContainer(wanted, { networks: { ...both, front: seen(...aliases) } }));
    expect(named('old')).toEqual({ kind: 'disconnect', key: 'front' });
    expect(named('www', 'old')).toEqual({ kind: 'disconnect', key: 'front' });
    expect(named('www', 'web', 'a'.repeat(12))).toEqual(settled(LIVE_CHECK_SECONDS));
    const hosted = aContainer(
      wanted,
      { networks: { ...both, front: seen('www', 'front-host') } },
      { hostname: 'front-host' },
    );
    expect(next(hosted)).toEqual(settled(LIVE_CHECK_SECONDS));
  });

  it('are right before a start, and keep nobody from stopping or removing', () => {
    const wrong = { networks: { front: seen('www') } };
    expect(next(aContainer(wanted, { phase: 'created', startedSeq: 0, ...wrong })).kind).toBe('connect');
    expect(next(aContainer({ ...wanted, startSeq: 2 }, { phase: 'exited', ...wrong })).kind).toBe('connect');
    expect(next(aContainer({ ...wanted, desired: 'stopped' }, wrong)).kind).toBe('stop');
    expect(next(aContainer({ ...wanted, desired: 'removed' }, wrong)).kind).toBe('destroy');
  });

  it('are left alone where there is no run, or none that tells', () => {
    expect(next(aContainer(wanted, { networks: null }))).toEqual(settled(LIVE_CHECK_SECONDS));
    expect(next(aContainer(wanted, { phase: 'failed', handle: null })).kind).toBe('settled');
    expect(next(aContainer(wanted, { phase: 'pending' })).kind).toBe('create');
  });
});

describe('limits', () => {
  const limits = { cpus: 1, memoryMiB: 64, pids: 9 };
  const having = (present: object | null, run = {}, change = {}) =>
    aContainer(change, { resources: present, ...run }, { resources: limits });

  it('are changed where the run has others, started or not, and left alone otherwise', () => {
    expect(next(having({ ...limits, memoryMiB: 32 }))).toEqual({ kind: 'update' });
    expect(next(having({ cpus: 1, memoryMiB: 64 }))).toEqual({ kind: 'update' });
    expect(next(having(limits))).toEqual(settled(LIVE_CHECK_SECONDS));
    expect(next(having(null))).toEqual(settled(LIVE_CHECK_SECONDS));
    const created = { phase: 'created', startedSeq: 0 };
    expect(next(having({}, created))).toEqual({ kind: 'update' });
    expect(next(having(limits, created))).toEqual({ kind: 'start', byPolicy: false });
  });

  it('keep nothing from being stopped, removed or, once refused, started', () => {
    expect(next(having({}, {}, { desired: 'stopped' })).kind).toBe('stop');
    expect(next(having({}, {}, { desired: 'removed' }))).toEqual({ kind: 'destroy' });
    const created = having({}, { phase: 'created', startedSeq: 0 });
    expect(plan(created, inPlace, now, { limitsRefused: true })).toEqual({ kind: 'start', byPolicy: false });
  });

  it('are what they are where the provider rounds them', () => {
    expect(next(having({ cpus: 1, memoryMiB: 2048 }), { ...anew, roundsLimits: true })).toEqual(
      settled(LIVE_CHECK_SECONDS),
    );
  });

  it('of an ended run matter only where it starts again', () => {
    const ended = having({}, { phase: 'exited', exitCode: 0, finishedAt: ago(9) });
    expect(next(ended)).toEqual({ kind: 'update' });
    expect(next(ended, anew)).toEqual(settled());
  });
});

describe('removal', () => {
  it('destroys whatever there is and buries it only when it is gone', () => {
    for (const phase of ['pending', 'created', 'running', 'paused', 'exited', 'failed'] as const) {
      expect(next(aContainer({ desired: 'removed' }, { phase }))).toEqual({ kind: 'destroy' });
    }
    expect(next(aContainer({ desired: 'removed' }, { phase: 'gone' }))).toEqual({ kind: 'bury' });
    expect(next(aContainer({ desired: 'removed' }, { absentSince: ago(0) }))).toEqual({ kind: 'bury' });
  });

  it('happens by itself with autoRemove, after the end and never instead of a restart', () => {
    const spec = { autoRemove: true };
    expect(next(aContainer({}, { phase: 'exited', exitCode: 0 }, spec))).toEqual({ kind: 'destroy' });
    expect(next(aContainer({}, {}, spec))).toEqual(settled(LIVE_CHECK_SECONDS));
    expect(next(aContainer({ startSeq: 2 }, { phase: 'exited', exitCode: 0 }, spec)).kind).toBe('start');
  });
});
