import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, processMark, tryLock, withLock } from '../../scripts/process-lock.ts';
import { run } from '../support/child.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const holder = () => run('test/scripts/lock-holder.ts', [path]);

test('a lock that a living process holds is refused, and free once it is given back', () => {
  const unlock = tryLock(path);
  expect(tryLock(path)).toBeUndefined();
  unlock?.();
  expect(existsSync(path)).toBe(false);
  expect(tryLock(path)).toBeTypeOf('function');
});

test('the lock of another process is refused while it lives and taken over once it was killed', async () => {
  const other = holder();
  expect(await other.nextLine()).toBe('held');
  expect(tryLock(path)).toBeUndefined();
  await other.end('SIGKILL');
  expect(existsSync(path)).toBe(true);
  expect(tryLock(path)).toBeTypeOf('function');
});

test('of many processes that meet a dead lock exactly one takes it over', async () => {
  writeFileSync(path, '1 of an earlier boot');
  const contenders = Array.from({ length: 6 }, holder);
  const answers = await Promise.all(contenders.map((contender) => contender.nextLine()));
  await Promise.all(contenders.map((contender) => contender.end('SIGKILL')));
  expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
});

test('a takeover that was itself killed halfway does not block the next one', () => {
  writeFileSync(path, '1 of an earlier boot');
  writeFileSync(`${path}.takeover`, '1 of an earlier boot');
  expect(tryLock(path)).toBeTypeOf('function');
  expect(readdirSync(folder)).toEqual(['lock']);
});

test('a pid that has been given to another process is no holder', () => {
  expect(isAlive(processMark())).toBe(true);
  expect(isAlive(`${process.pid} of an earlier boot`)).toBe(false);
});

test('waiting for a lock names the process that keeps it', async () => {
  tryLock(path);
  await expect(withLock(path, 100, async () => 'never')).rejects.toThrow(`Process ${process.pid} has held`);
});

test('work under a lock gives it back when it fails', async () => {
  const failing = withLock(path, 100, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});
