/** Clients that take nothing but an environment: Compose, docker-py and dockerode with a client certificate, and by the agent. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { composeIn } from '../support/compose.ts';
import { runDockerPy } from '../support/docker-py.ts';
import { waitFor } from '../support/wait-for.ts';
import { type ClientEnv, openTlsDoor } from '../support/ways.ts';

const { app, a, b, agent, certificate, folder, tlsEnv } = await openTlsDoor();
const ways: Record<string, ClientEnv> = {};

beforeAll(async () => {
  ways['a client certificate'] = tlsEnv((await certificate()).path);
  ways['the agent'] = await agent('--socket', join(folder, 'docker.sock'), '--url', app.url);
});
afterEach(() => vi.unstubAllEnvs());

describe.each(['a client certificate', 'the agent'])('with %s', (name) => {
  const env = () => ways[name] as ClientEnv;

  test('Compose builds, brings up, enters and takes down a project', async () => {
    const place = join(folder, name.replaceAll(' ', '-'));
    mkdirSync(place);
    const services = {
      web: { build: '.', volumes: ['data:/data'] },
      other: { image: app.image, command: 'sleep 600' },
    };
    writeFileSync(
      join(place, 'docker-compose.yml'),
      JSON.stringify({ version: '3.7', services, volumes: { data: {} } }),
    );
    writeFileSync(
      join(place, 'Dockerfile'),
      `FROM ${app.image}\nRUN mkdir /www && echo built > /www/index.html\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n`,
    );
    const compose = composeIn(place, 'ways', { HOME: place, ...env() });
    await compose('up', '-d');
    expect(await a.ok(['ps', '-q', '--filter', 'label=com.docker.compose.project=ways'])).not.toBe('');
    await waitFor(async () => (await compose('exec', '-T', 'other', 'wget', '-qO-', 'http://web:8080/')) === 'built');
    expect(await compose('run', '--rm', '-T', 'web', 'cat', '/www/index.html')).toBe('built');
    expect(await b.ok(['ps', '-aq'])).toBe('');
    await compose('down', '-v', '-t', '0', '--rmi', 'local');
    expect(await a.ok(['ps', '-aq'])).toBe('');
  });

  test('docker-py finds what it expects', async () => {
    await runDockerPy(app.image, { HOME: folder, ...env() });
  });

  test('dockerode runs a container and reads both of its streams', async () => {
    for (const [variable, value] of Object.entries(env())) vi.stubEnv(variable, value);
    const docker = new Docker();
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const said = Promise.all([text(stdout), text(stderr)]);
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
    const [status] = await docker.run(app.image, command, [stdout, stderr], { Tty: false, name: 'of-dockerode' });
    for (const stream of [stdout, stderr]) stream.end();
    expect([status, await said]).toEqual([{ StatusCode: 3, Error: null }, ['out\n', 'err\n']]);
    expect(await a.ok(['ps', '-a', '--format', '{{.Names}}'])).toBe('of-dockerode');
    await docker.getContainer('of-dockerode').remove();
    expect(await a.ok(['ps', '-aq'])).toBe('');
  });
});
