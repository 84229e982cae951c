import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newApiKey, parseApiKey } from '../../src/domain/api-key.ts';
import { systemIds } from '../../src/domain/clock.ts';

it('a new key parses to its own id and hash', () => {
  const { id, key, secretHash } = newApiKey(systemIds.bytes);
  expect(key).toMatch(/^lsk_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/);
  expect(parseApiKey(key)).toEqual({ id, secretHash });
});

it('one changed character is noticed by the checksum', () => {
  const { key } = newApiKey(systemIds.bytes);
  fc.assert(
    fc.property(fc.integer({ min: 4, max: key.length - 1 }), fc.constantFrom('0', 'A', 'z', '_', '-'), (at, letter) => {
      fc.pre(key[at] !== letter);
      expect(parseApiKey(key.slice(0, at) + letter + key.slice(at + 1))).toBeNull();
    }),
  );
});

it('nothing but a key is taken for one', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseApiKey(text)).toBeNull();
    }),
  );
});
