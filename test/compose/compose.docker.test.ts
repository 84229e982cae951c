/** docker-compose 1.29, unmodified: a project of two services with a build, a volume and aliases, through its whole life. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { composeIn } from '../support/compose.ts';
import { openDoor } from '../support/door.ts';
import { waitFor } from '../support/wait-for.ts';

const { app, a: docker, b: stranger, folder } = await openDoor();

/** `dep` is built, and finds `web` by its alias; `web` keeps a file in a volume. */
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
    build: {context: dep, args: {WORD: built}}
    depends_on: [web]
    networks: [default, back]
volumes: {data: {}}
networks: {back: {internal: true}}
`;
const dockerfile = `FROM ${app.image}
ARG WORD
COPY word /said
RUN echo $WORD >> /said
CMD ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
`;
writeFileSync(join(folder, 'docker-compose.yml'), project(app.image));
mkdirSync(join(folder, 'dep'));
writeFileSync(join(folder, 'dep/Dockerfile'), dockerfile);
writeFileSync(join(folder, 'dep/word'), 'copied\n');

const compose = composeIn(folder, 'shop', { HOME: docker.configDir, ...docker.env });
const containers = async (service: string) => (await compose('ps', '-q', service)).split('\n').filter(Boolean);
const fetched = (host: string) => compose('exec', '-T', 'dep', 'timeout', '3', 'wget', '-qO-', `http://${host}:8080/`);

test('up builds an image and makes networks, volumes and containers, whose names and aliases resolve', async () => {
  await compose('up', '-d');
  expect([await containers('web'), await containers('dep')]).toMatchObject([{ length: 1 }, { length: 1 }]);
  expect((await docker.ok(['network', 'ls', '--format', '{{.Name}}'])).split('\n').sort()).toEqual([
    ...['bridge', 'shop_back', 'shop_default'],
  ]);
  expect(await docker.ok(['volume', 'ls', '-q'])).toBe('shop_data');
  for (const name of ['web', 'www', 'shop_web_1']) await waitFor(async () => (await fetched(name)) === 'from web');
  expect(await compose('exec', '-T', 'web', 'sh', '-c', 'echo $GREETING')).toBe('hello');
  expect(await compose('exec', '-T', 'dep', 'cat', '/said')).toBe('copied\nbuilt');
  expect(
    await docker.ok(['ps', '-q', '--filter', 'label=com.docker.compose.service=web', '--filter', 'label=tier=front']),
  ).not.toBe('');
  expect(await stranger.ok(['ps', '-aq'])).toBe('');
  expect(await stranger.ok(['images', '-q', 'shop_dep'])).toBe('');
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

test('a build again after a change, by the CLI or by Compose itself, makes the service anew', async () => {
  for (const [word, byCli] of [
    ['changed', '1'],
    ['changed again', '0'],
  ] as const) {
    const before = await containers('dep');
    writeFileSync(join(folder, 'dep/word'), `${word}\n`);
    const own = composeIn(folder, 'shop', {
      ...{ HOME: docker.configDir, ...docker.env, COMPOSE_DOCKER_CLI_BUILD: byCli },
    });
    await own('up', '-d', '--build', 'dep');
    expect(await containers('dep')).not.toEqual(before);
    expect(await compose('exec', '-T', 'dep', 'cat', '/said')).toBe(`${word}\nbuilt`);
  }
});

test('scale, restart, logs, pause, stop and start', async () => {
  await compose('up', '-d', '--scale', 'web=2', '--no-recreate');
  expect(await containers('web')).toHaveLength(2);
  await compose('up', '-d', '--scale', 'web=1', '--no-recreate');
  expect(await containers('web')).toHaveLength(1);
  await compose('restart', '-t', '1', 'web');
  await waitFor(async () => (await fetched('www')) === 'from web');
  expect((await compose('logs', '--no-color', 'web')).match(/serving/g)).toHaveLength(2);
  await compose('pause', 'web');
  expect(await docker.ok(['ps', '--format', '{{.Names}}', '--filter', 'status=paused'])).toBe('shop_web_1');
  await compose('unpause', 'web');
  expect(await compose('top', 'web')).toContain('httpd -f -p 8080');
  await compose('stop', '-t', '1');
  expect(await docker.ok(['ps', '-q'])).toBe('');
  await compose('start');
  await waitFor(async () => (await fetched('web')) === 'from web');
  expect(await compose('ps')).toContain('Up');
});

test('exec and run end with the code of their command, as the user, and run on the networks of the project', async () => {
  expect(await compose('exec', '-T', '-u', 'nobody', '-e', 'A=1', 'web', 'sh', '-c', 'id -un; echo $A')).toBe(
    'nobody\n1',
  );
  await expect(compose('exec', '-T', 'web', 'sh', '-c', 'echo bad >&2; exit 7')).rejects.toThrow('ended with 7: bad');
  const page = ['timeout', '3', 'wget', '-qO-', 'http://www:8080/'];
  expect(await compose('run', '--rm', '-T', 'dep', ...page)).toBe('from web');
  const once = ['-e', 'B=2', 'web', 'sh', '-c', 'echo $B; ls /data'];
  expect(await compose('run', '--rm', '-T', ...once)).toBe('2\nstarts');
  await expect(compose('run', '--rm', '-T', 'dep', 'sh', '-c', 'exit 9')).rejects.toThrow('ended with 9');
  expect(await docker.ok(['ps', '-aq', '--filter', 'label=com.docker.compose.oneoff=True'])).toBe('');
});

test('down -v leaves nothing', async () => {
  await compose('down', '-v', '--rmi', 'local', '-t', '1');
  expect(await docker.ok(['ps', '-aq'])).toBe('');
  expect(await docker.ok(['volume', 'ls', '-q'])).toBe('');
  expect(await docker.ok(['images', '-q', 'shop_dep'])).toBe('');
  expect(await docker.ok(['network', 'ls', '--format', '{{.Name}}'])).toBe('bridge');
});
