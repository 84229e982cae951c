import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireEngine } from '../../scripts/engine.ts';
import { firstAnswering } from '../../scripts/engine-address.ts';

let folder: string;
let servers: Server[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-choice-'));
  servers = [];
});
afterEach(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** Something that answers pings as an Engine of that API version does; returns its DOCKER_HOST. */
async function pingable(apiVersion: string): Promise<string> {
  const server = createServer((_, response) => response.setHeader('api-version', apiVersion).end('OK'));
  servers.push(server);
  const path = join(folder, `${servers.length}.sock`);
  await once(server.listen(path), 'listening');
  return `unix://${path}`;
}

const acquire = (dockerHost: string) =>
  acquireEngine({ env: { DOCKER_HOST: dockerHost }, log: () => {}, install: false });

test('the Engine of DOCKER_HOST is used as it is and never stopped', async () => {
  const dockerHost = await pingable('1.41');
  const engine = await acquire(dockerHost);
  expect(engine).toMatchObject({ dockerHost, private: false });
  await engine.release();
  expect(await firstAnswering([dockerHost])).toBe(dockerHost);
});

test('a DOCKER_HOST over TCP is used too', async () => {
  const server = createServer((_, response) => response.setHeader('api-version', '1.52').end('OK'));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const dockerHost = `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  expect((await acquire(dockerHost)).dockerHost).toBe(dockerHost);
});

test.each([
  ['one where nothing answers', () => 'unix:///nonexistent.sock', 'answers at DOCKER_HOST=unix:///nonexistent.sock'],
  ['one that is too old', () => pingable('1.40'), 'No Docker Engine of version 20.10 or newer'],
  ['a scheme that is not spoken', () => 'ssh://somewhere', 'it takes unix:///path or tcp://host:port'],
])('DOCKER_HOST is refused in one sentence: %s', async (_, makeHost, sentence) => {
  await expect(acquire(await makeHost())).rejects.toThrow(sentence);
});

test('of the usual sockets the first one with a usable Engine is taken', async () => {
  const hosts = [
    `unix://${folder}/missing.sock`,
    await pingable('1.24'),
    await pingable('1.41'),
    await pingable('1.52'),
  ];
  expect(await firstAnswering(hosts)).toBe(hosts[2]);
  expect(await firstAnswering(hosts.slice(0, 2))).toBeUndefined();
});
