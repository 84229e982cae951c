import { expect, test } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { judge } from '../../src/reconcile/judge.ts';

const signal = { kind: 'signal', signal: 'HUP' } as const;
const refused = (code: 'unsupported' | 'invalid' | 'conflict' | 'unavailable') => new AppError(code, 'No.');

test('a signal that can never be sent is asked for once, and keeps nothing else from being done', () => {
  expect(judge(signal, refused('unsupported'), 1)).toBe('go on without');
  expect(judge(signal, refused('invalid'), 9)).toBe('go on without');
});

test('a signal that could not be sent just now is asked for again', () => {
  expect(judge(signal, refused('unavailable'), 1)).toBe('retry');
  expect(judge(signal, refused('conflict'), 1)).toBe('look again');
});

test('a KILL that finds nothing to kill is no failure, however often', () => {
  const kill = { kind: 'kill', signal: 'KILL' } as const;
  expect(judge(kill, refused('conflict'), 20)).toBe('look again');
  expect(judge(kill, refused('invalid'), 1)).toBe('retry');
});
