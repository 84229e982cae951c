/** Which files the patterns of a .dockerignore take out. */
import { expect, test } from 'vitest';
import { isIgnored } from '../../src/domain/ignore-patterns.ts';

test.each([
  ['Dockerfile', 'Dockerfile', true],
  ['/Dockerfile', 'Dockerfile', true],
  ['./Dockerfile', 'Dockerfile', true],
  ['Docker*', 'Dockerfile', true],
  ['Dockerfil?', 'Dockerfile', true],
  ['[A-D]ockerfile', 'Dockerfile', true],
  ['*', 'deep/er/file', true],
  ['deep', 'deep/er/file', true],
  ['deep/', 'deep/er/file', true],
  ['*/file', 'deep/er/file', false],
  ['**/file', 'deep/er/file', true],
  ['**/file', 'file', true],
  ['**', 'deep/er/file', true],
  ['deep/**/file', 'deep/file', true],
  ['file', 'deep/file', false],
  ['*\n!Dockerfile', 'Dockerfile', false],
  ['!Dockerfile\n*', 'Dockerfile', true],
  ['# Dockerfile', 'Dockerfile', false],
  ['  Dockerfile  \r\n', 'Dockerfile', true],
  ['a.b', 'acb', false],
  ['[z-a]', 'b', false],
  ['[^a-c]ile', 'file', true],
  ['a\\*', 'ab', false],
  ['a*a*a*b', 'aaaaab', true],
  ['**/**/a/**', 'x/a/y', true],
  ['', 'Dockerfile', false],
  ['Docker', 'Dockerfile', false],
])('%j and %s: %s', (patterns, path, ignored) => {
  expect(isIgnored(path, patterns)).toBe(ignored);
});

test('a pattern made to take long does not', () => {
  const started = performance.now();
  expect(isIgnored('a'.repeat(4000), `${'a*'.repeat(500)}b`)).toBe(false);
  expect(isIgnored('a/'.repeat(1000), `${'**/'.repeat(500)}b`)).toBe(false);
  expect(performance.now() - started).toBeLessThan(5000);
});
