import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RELEASE } from '../../src/domain/release.ts';

it('is the release that package.json names', () => {
  expect(RELEASE).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
});
