import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isUsableEngine } from '../../scripts/engine-address.ts';
import { processIdentity } from '../../scripts/processes.ts';
import { run, type TestProcess } from '../support/child.ts';
import { waitFor } from '../support/wait-for.ts';

/** A second dockerd takes the first one's bridge away, unless it has a network of its own. */
const apart = { wrapper: ['unshare', '--net', '--mount'] };

let folder: string;
let users: TestProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-engine-'));
  users = [];
});
afterEach(async () => {
  const last = await use();
  for (const user of [...users, last]) await user.end('SIGTERM');
  expect(await answers()).toBe(false);
  rmSync(folder, { recursive: true });
});

async function use(...args: string[]): Promise<TestProcess> {
  const user = run('test/scripts/engine-user.ts', [folder, ...args], apart);
  users.push(user);
  await user.nextLine();
  return user;
}
const answers = () => isUsableEngine(`unix://${folder}/run/engine.sock`);
const enginePid = () => Number(readFileSync(join(folder, 'run/engine.pid'), 'utf8'));

test('users share one Engine, and the last one to leave stops it', async () => {
  const [first, second] = await Promise.all([use(), use()]);
  expect(readdirSync(join(folder, 'run/users'))).toHaveLength(2);
  const pid = enginePid();
  await first.end('SIGTERM');
  expect(await answers()).toBe(true);
  await second.end('SIGTERM');
  expect(await answers()).toBe(false);
  expect(processIdentity(pid)).toBeUndefined();
});

test('a user that was killed does not keep the Engine up', async () => {
  const killed = await use();
  const pid = enginePid();
  const other = await use();
  await killed.end('SIGKILL');
  await other.end('SIGTERM');
  expect(processIdentity(pid)).toBeUndefined();
});

test('an Engine whose users were all killed is taken over, still running', async () => {
  const killed = await use();
  const pid = enginePid();
  await killed.end('SIGKILL');
  await use();
  expect(enginePid()).toBe(pid);
});

test('a killed Engine is started again, whoever has its pid now', async () => {
  const user = await use();
  const pid = enginePid();
  process.kill(pid, 'SIGKILL');
  await waitFor(() => processIdentity(pid) === undefined);
  for (const name of ['engine.pid', 'exec/containerd/containerd.pid']) {
    writeFileSync(join(folder, 'run', name), String(process.pid));
  }
  await use();
  expect(await answers()).toBe(true);
  await user.end('SIGTERM');
  expect(await answers()).toBe(true);
});

test('a task that a killed Engine left half made does not keep its container from starting again', async () => {
  await use();
  const pid = enginePid();
  process.kill(pid, 'SIGKILL');
  await waitFor(() => processIdentity(pid) === undefined);
  const task = join(folder, 'run/exec/containerd/daemon/io.containerd.runtime.v2.task/moby', 'a'.repeat(64));
  mkdirSync(task, { recursive: true });
  writeFileSync(join(task, 'config.json'), '{}');
  await use();
  expect(existsSync(task)).toBe(false);
});

test('an Engine that hangs is replaced', async () => {
  await use();
  const pid = enginePid();
  process.kill(pid, 'SIGSTOP');
  await use('500');
  expect(processIdentity(pid)).toBeUndefined();
  expect(await answers()).toBe(true);
});
