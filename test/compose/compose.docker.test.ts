/** docker-compose 1.29, unmodified: a project of two services with a volume and aliases, through its whole life. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type DockerCli, dockerCli } from '../support/docker-cli.ts';
import { runProgram } from '../support/program.ts';
import { waitFor } from '../support/wait-for.ts';

let app: TestApp;
let docker: DockerCli;
let stranger: DockerCli;
let folder: string;

/** `dep` finds `web` by its alias; `web` keeps a file in a volume. */
const project = (image: string) => `
version: "3.7"
services:
  web:
    image: ${image}
    command: sh -c "date +%s%N >> /data/starts; mkdir -p /www; echo from web > /www/index.html; echo serving; exec httpd -f -p 8080 -h /www"
    volumes: ["data:/data"]
    environment: {GREETING: hello}
    labels: {tier: front}
    stop_grace_period: 1s
    networks: {default: {aliases: [www]}}
  dep:
    image: ${image}
    command: sh -c "trap 'exit 0' TERM; while :; do sleep 0.1; done"
    depends_on: [web]
    networks: [default, back]
volumes: {data: {}}
networks: {back: {internal: true}}
`;

beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  docker = dockerCli(app.url, app.a.admin.key);
  stranger = dockerCli(app.url, app.b.admin.key);
  folder = mkdtempSync(join(tmpdir(), 'longshore-compose-'));
  writeFileSync(join(folder, 'docker-compose.yml'), project(app.image));
});
afterAll(async () => {
  docker?.[Symbol.dispose]();
  stranger?.[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
  await app?.close();
});

const env = () => ({ PATH: '/usr/local/bin:/usr/bin:/bin', HOME: docker.configDir, ...docker.env });
/** Its standard output. Throws what it said unless it ended with 0. */
async function compose(...args: string[]): Promise<string> {
  const done = await runProgram('/usr/bin/docker-compose', ['-p', 'shop', ...args], { cwd: folder, env: env() });
  if (done.exitCode === 0) return done.stdout.trim();
  throw new Error(`docker-compose ${args.join(' ')} ended with ${done.exitCode}: ${done.stderr}${done.stdout}`);
}
const containers = async (service: string) => (await compose('ps', '-q', service)).split('\n').filter(Boolean);
const fetched = (host: string) => compose('exec', '-T', 'dep', 'timeout', '3', 'wget', '-qO-', `http://${host}:8080/`);

test('up makes networks, volumes and containers, whose names and aliases resolve', async () => {
  await compose('up', '-d');
  expect([await containers('web'), await containers('dep')]).toMatchObject([{ length: 1 }, { length: 1 }]);
  expect((await docker.ok(['network', 'ls', '--format', '{{.Name}}'])).split('\n').sort()).toEqual([
    ...['bridge', 'shop_back', 'shop_default'],
  ]);
  expect(await docker.ok(['volume', 'ls', '-q'])).toBe('shop_data');
  for (const name of ['web', 'www', 'shop_web_1']) await waitFor(async () => (await fetched(name)) === 'from web');
  expect(await compose('exec', '-T', 'web', 'sh', '-c', 'echo $GREETING')).toBe('hello');
  expect(
    await docker.ok(['ps', '-q', '--filter', 'label=com.docker.compose.service=web', '--filter', 'label=tier=front']),
  ).not.toBe('');
  expect(await stranger.ok(['ps', '-aq'])).toBe('');
});

test('up again changes nothing; a changed service alone is made anew and keeps its volume', async () => {
  const [web, dep] = [await containers('web'), await containers('dep')];
  await compose('up', '-d');
  expect([await containers('web'), await containers('dep')]).toEqual([web, dep]);
  writeFileSync(join(folder, 'docker-compose.yml'), project(app.image).replace('GREETING: hello', 'GREETING: goodbye'));
  await compose('up', '-d', 'web');
  expect(await containers('web')).not.toEqual(web);
  expect(await compose('exec', '-T', 'web', 'sh', '-c', 'echo $GREETING')).toBe('goodbye');
  expect((await compose('exec', '-T', 'web', 'cat', '/data/starts')).split('\n')).toHaveLength(2);
  await waitFor(async () => (await fetched('www')) === 'from web');
});

test('scale, restart, logs, stop, start, and run for once', async () => {
  await compose('up', '-d', '--scale', 'web=2', '--no-recreate');
  expect(await containers('web')).toHaveLength(2);
  await compose('up', '-d', '--scale', 'web=1', '--no-recreate');
  expect(await containers('web')).toHaveLength(1);
  await compose('restart', '-t', '1', 'web');
  await waitFor(async () => (await fetched('www')) === 'from web');
  expect((await compose('logs', '--no-color', 'web')).match(/serving/g)).toHaveLength(2);
  expect(await compose('run', '--rm', '-T', 'web', 'echo', 'for once')).toContain('for once');
  await compose('stop', '-t', '1');
  expect(await docker.ok(['ps', '-q'])).toBe('');
  await compose('start');
  await waitFor(async () => (await fetched('web')) === 'from web');
  expect(await compose('ps')).toContain('Up');
});

test('down -v leaves nothing', async () => {
  await compose('down', '-v', '-t', '1');
  expect(await docker.ok(['ps', '-aq'])).toBe('');
  expect(await docker.ok(['volume', 'ls', '-q'])).toBe('');
  expect(await docker.ok(['network', 'ls', '--format', '{{.Name}}'])).toBe('bridge');
});
