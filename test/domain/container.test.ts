import { describe, expect, it } from 'vitest';
import {
  actions,
  can,
  containerStatuses,
  desiredStates,
  phases,
  status,
  statusOf,
} from '../../src/domain/container.ts';
import { aContainer, now } from '../support/container.ts';

describe('status', () => {
  it('joins what is wanted with what was seen', () => {
    expect(statusOf(aContainer({ desired: 'created' }, { phase: 'created' }))).toBe('created');
    expect(statusOf(aContainer({}, { phase: 'pending' }))).toBe('starting');
    expect(statusOf(aContainer())).toBe('running');
    expect(statusOf(aContainer({ desired: 'paused' }, { phase: 'paused' }))).toBe('paused');
    expect(statusOf(aContainer({ desired: 'stopped' }))).toBe('stopping');
    expect(statusOf(aContainer({ desired: 'stopped' }, { phase: 'exited' }))).toBe('exited');
    expect(statusOf(aContainer({}, { phase: 'exited', restartAt: now }))).toBe('restarting');
    expect(statusOf(aContainer({ desired: 'removed' }))).toBe('removing');
    expect(statusOf(aContainer({ desired: 'removed', removedAt: now }, { phase: 'gone' }))).toBe('removed');
  });

  it('is defined for every combination of facts', () => {
    for (const desired of desiredStates)
      for (const phase of phases)
        for (const startDue of [true, false])
          for (const restarting of [true, false])
            expect(containerStatuses).toContain(status({ desired, phase, startDue, restarting, removed: false }));
  });
});

describe('the table of verbs', () => {
  it('has a verdict for every verb in every status', () => {
    for (const action of actions)
      for (const current of containerStatuses) expect(['yes', 'satisfied', 'no']).toContain(can(action, current));
  });

  it('refuses everything once a container is removed, and everything but a repeated removal while it goes', () => {
    expect(actions.filter((action) => can(action, 'removed') !== 'no')).toEqual([]);
    expect(actions.filter((action) => can(action, 'removing') !== 'no')).toEqual(['remove']);
  });

  it('answers a verb that is satisfied already without a change', () => {
    expect(can('start', 'running')).toBe('satisfied');
    expect(can('stop', 'exited')).toBe('satisfied');
    expect(can('pause', 'paused')).toBe('satisfied');
    expect(can('unpause', 'running')).toBe('satisfied');
  });
});
