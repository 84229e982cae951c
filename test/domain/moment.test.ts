import { expect, test } from 'vitest';
import { moment, resolveMoment } from '../../src/domain/moment.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const at = (text: string) => resolveMoment(moment.parse(text), now);

test.each([
  ['1767323045', 1767323045],
  ['1767323045.25', 1767323045.25],
  ['2026-01-02T03:04:05Z', now / 1000],
  ['2026-01-02T04:04:05.5+01:00', now / 1000 + 0.5],
  ['10m', now / 1000 - 600],
  ['1h30m', now / 1000 - 5400],
  ['1.5s', now / 1000 - 1.5],
  ['250ms', now / 1000 - 0.25],
  ['9999999h', 0],
])('%s is a moment', (text, seconds) => {
  expect(at(text)).toBeCloseTo(seconds, 6);
});

test.each(['', 'yesterday', '-5', '10d', '1h ', '2026-13-01T00:00:00Z', '2026-01-02', '1e9', '9'.repeat(70)])(
  '%j is refused',
  (text) => {
    expect(moment.safeParse(text).success).toBe(false);
  },
);

test('what was not given stays out', () => {
  expect(resolveMoment(undefined, now)).toBeUndefined();
});
