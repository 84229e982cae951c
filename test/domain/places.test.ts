import { expect, test } from 'vitest';
import { createPlaces } from '../../src/domain/places.ts';

test('a tenant takes as many places as there are, and others do not notice', () => {
  const places = createPlaces(2, 'pulls');
  places.take('a');
  places.take('a');
  expect(() => places.take('a')).toThrow('This tenant has 2 pulls under way, as many as it may; let one end first');
  expect(() => places.take('b')).not.toThrow();
});

test('a place is given back once, however often that is said', () => {
  const places = createPlaces(2, 'pulls');
  const place = places.take('a');
  places.take('a');
  place[Symbol.dispose]();
  place[Symbol.dispose]();
  places.take('a');
  expect(() => places.take('a')).toThrow(expect.objectContaining({ code: 'rate_limited' }));
});
