import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DevFile } from '../../scripts/dev-file.ts';
import { run, type TestProcess } from '../support/child.ts';
import { testDockerHost } from '../support/engine.ts';

let dataDir: string;
let started: TestProcess[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'longshore-up-'));
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((process) => process.end('SIGTERM')));
  rmSync(dataDir, { recursive: true });
});

function launch(env: NodeJS.ProcessEnv = {}): TestProcess {
  const settings = { LONGSHORE_PORT: '0', LONGSHORE_DATA_DIR: dataDir };
  const command = run('scripts/up.ts', [], { env: { ...settings, DOCKER_HOST: testDockerHost(), ...env } });
  started.push(command);
  return command;
}

/** Starts it and answers once it says that it is ready, with what it printed until then. */
async function up(env?: NodeJS.ProcessEnv): Promise<{ command: TestProcess; dev: DevFile; printed: string }> {
  const command = launch(env);
  let printed = '';
  while (!printed.includes('Longshore is ready')) printed += `${await command.nextLine()}\n`;
  return { command, dev: JSON.parse(readFileSync(join(dataDir, 'dev.json'), 'utf8')), printed };
}

function call(url: string, key: string, method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

test("a second up finds the first one's data and keeps its keys", async () => {
  const first = await up();
  const created = await call(first.dev.url, first.dev.operatorKey, 'POST', '/v1/tenants', { name: 'kept' });
  expect(created.status).toBe(201);
  const authority = readFileSync(join(dataDir, 'tls/ca.pem'), 'utf8');
  await first.command.end('SIGTERM');
  expect(first.command.child.exitCode).toBe(0);

  const second = await up();
  const { apiKey, operatorKey } = first.dev;
  expect(second.dev).toMatchObject({ apiKey, operatorKey, tenant: 'dev', dockerConfig: join(dataDir, 'docker') });
  expect(readFileSync(join(dataDir, 'tls/ca.pem'), 'utf8')).toBe(authority);
  const found = await call(second.dev.url, operatorKey, 'GET', '/v1/tenants/kept');
  expect(await found.json()).toMatchObject({ name: 'kept' });
});

test('each step is shown, the keys are not, and their file is closed to others', async () => {
  const { dev, printed } = await up();
  const steps = printed.matchAll(/^ {2}(\S+) +\d+\.\d s/gm);
  expect([...steps].map((match) => match[1])).toEqual(['install', 'engine', 'database', 'migrations', 'ready']);
  expect(printed).not.toContain(dev.apiKey);
  expect(printed).not.toContain(dev.operatorKey);
  expect(statSync(join(dataDir, 'dev.json')).mode & 0o777).toBe(0o600);
});

test('the plain docker CLI works with what dev.json says, and what else is in its configuration stays', async () => {
  mkdirSync(join(dataDir, 'docker'));
  writeFileSync(join(dataDir, 'docker/config.json'), '{"auths":{"x":{}},"HttpHeaders":{"X-Meta":"1"}}');
  const { command, dev } = await up();
  const docker = (...args: string[]) =>
    promisify(execFile)('docker', ['--config', dev.dockerConfig, ...args], {
      env: { PATH: process.env.PATH, DOCKER_HOST: dev.dockerHost },
    });
  expect((await docker('ps', '-q')).stdout).toBe('');
  let told = '';
  while (!told.includes('docker --config')) told = await command.nextLine();
  expect(told.trim()).toMatch(`DOCKER_HOST=${dev.dockerHost} docker --config ${dev.dockerConfig} run`);
  const config = join(dev.dockerConfig, 'config.json');
  expect(JSON.parse(readFileSync(config, 'utf8'))).toEqual({
    auths: { x: {} },
    HttpHeaders: { 'X-Meta': '1', Authorization: `Bearer ${dev.apiKey}` },
  });
  expect(statSync(config).mode & 0o777).toBe(0o600);
  expect(statSync(join(dataDir, 'tls/ca-key.pem')).mode & 0o777).toBe(0o600);
});

test('a second up on a folder in use is refused with the address of the first', async () => {
  const { dev } = await up();
  const second = launch();
  await expect(second.nextLine()).rejects.toThrow(`Longshore already runs on ${dataDir}, at ${dev.url}.`);
  expect(second.child.exitCode).toBe(1);
});

test('after kill -9 the next up takes over the folder and the running database', async () => {
  const killed = await up();
  const pid = readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0];
  await killed.command.end('SIGKILL');
  const next = await up();
  expect(next.dev.apiKey).toBe(killed.dev.apiKey);
  expect(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]).toBe(pid);
});

test('a taken port is told in one sentence', async () => {
  const { dev } = await up();
  const { port } = new URL(dev.url);
  const other = mkdtempSync(join(tmpdir(), 'longshore-up-'));
  const second = launch({ LONGSHORE_PORT: port, LONGSHORE_DATA_DIR: other });
  await second.ended();
  rmSync(other, { recursive: true });
  expect(second.errors()).toBe(`Port ${port} is taken: set LONGSHORE_PORT to another one, or to 0 for any.\n`);
  expect(second.child.exitCode).toBe(1);
});

test('without an Engine it says what to do, and the memory provider needs none', async () => {
  const nowhere = { DOCKER_HOST: 'unix:///nonexistent.sock' };
  const refused = launch(nowhere);
  await refused.ended();
  expect(refused.errors()).toBe(
    'No Docker Engine of version 20.10 or newer answers at DOCKER_HOST=unix:///nonexistent.sock: start it, or unset it.\n',
  );
  const { dev } = await up({ ...nowhere, LONGSHORE_PROVIDER: 'memory' });
  expect((await call(dev.url, dev.apiKey, 'GET', '/v1/containers')).status).toBe(200);
});
