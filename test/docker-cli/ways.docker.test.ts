/** The three ways to be a tenant: a header, a client certificate, and the local agent; each with the plain CLI and with dockerode. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/pki/authority.ts';
import { issueApart, lifetime } from '../support/authority.ts';
import { type DockerCli, dockerCli, dockerCliWith } from '../support/docker-cli.ts';
import { type ClientEnv, openTlsDoor } from '../support/ways.ts';

interface Way {
  cli: DockerCli;
  client: Docker;
}

const { app, a, ca, folder, tlsUrl, agent, certificate, certPath, tlsEnv } = await openTlsDoor();
const ways: Record<string, Way> = {};
const names = ['a header', 'a client certificate', 'the agent’s socket', 'the agent’s port', 'the agent over TLS'];

beforeAll(async () => {
  const { hostname, port } = new URL(app.url);
  const headers = { Authorization: `Bearer ${app.a.admin.key}` };
  const made: Way[] = [
    { cli: a, client: new Docker({ ...at(hostname, port), headers }) },
    wayOf(tlsEnv((await certificate()).path)),
    wayOf(await agent('--socket', join(folder, 'docker.sock'), '--url', app.url)),
    wayOf(await agent('--port', '0', '--url', app.url)),
    wayOf(await agent('--port', '0', '--url', tlsUrl, '--ca', join(ca.folder, 'ca.pem'))),
  ];
  for (const [n, way] of made.entries()) ways[names[n] ?? ''] = way;
});
afterAll(() => {
  for (const { cli } of Object.values(ways)) cli[Symbol.dispose]();
});

/** What DOCKER_HOST of this process says must not count. */
const at = (host: string, port: string) => ({
  host,
  port: Number(port),
  protocol: 'http' as const,
  socketPath: undefined,
});

function wayOf(env: ClientEnv): Way {
  const { protocol, pathname, hostname, port } = new URL(env.DOCKER_HOST ?? '');
  const cli = dockerCliWith(env);
  if (protocol === 'unix:') {
    return { cli, client: new Docker({ socketPath: pathname, host: undefined, port: undefined, protocol: 'http' }) };
  }
  const path = env.DOCKER_CERT_PATH;
  if (!path) return { cli, client: new Docker(at(hostname, port)) };
  const file = (name: string) => readFileSync(join(path, name));
  const tls = { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
  return { cli, client: new Docker({ ...at(hostname, port), protocol: 'https', ...tls }) };
}

describe.each(names)('with %s', (name) => {
  const cli = () => (ways[name] as Way).cli;
  const client = () => (ways[name] as Way).client;

  test('run brings both streams and the exit code', async () => {
    const done = await cli().run(['run', '--rm', app.image, 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(done).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('exec -i takes three megabytes, and output after the end of the input is not lost', async () => {
    const id = await cli().ok(['run', '-d', app.image, 'sleep', '300']);
    const input = Buffer.alloc(3 * 1024 * 1024, 'y');
    const done = await cli().run(['exec', '-i', id, 'sh', '-c', 'wc -c; sleep 1; echo late; exit 9'], { input });
    expect(done).toMatchObject({ exitCode: 9, stdout: `${input.length}\nlate\n` });
    await cli().ok(['rm', '-f', id]);
  });

  test('attach ends with its input, and logs -f with its container', async () => {
    const done = await cli().run(['run', '-i', '--name', 'echo', app.image, 'cat'], { input: 'hello\n' });
    expect(done).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
    expect(await cli().ok(['logs', '-f', 'echo'])).toBe('hello');
    await cli().ok(['rm', 'echo']);
  });

  test('dockerode pings, and goes on reading after it has ended its input', async () => {
    await client().ping();
    const container = await client().createContainer({ Image: app.image, Cmd: ['sleep', '300'] });
    await container.start();
    const Cmd = ['sh', '-c', 'wc -c; sleep 0.5; echo late'];
    const exec = await container.exec({ Cmd, AttachStdin: true, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: true });
    const output = buffer(stream);
    stream.end(Buffer.alloc(1_000_000, 'z'));
    const framed = (await output).toString('latin1');
    expect(framed).toContain('1000000\n');
    expect(framed).toContain('late\n');
    await container.remove({ force: true });
  });

  test('thirty short commands in a row all work', async () => {
    const container = await client().createContainer({ Image: app.image, Cmd: ['sleep', '300'] });
    await container.start();
    for (let n = 0; n < 30; n++) {
      const exec = await container.exec({ Cmd: ['echo', String(n)], AttachStdout: true });
      const output = await buffer(await exec.start({ hijack: true, stdin: false }));
      expect(output.toString('latin1')).toContain(`${n}\n`);
    }
    await container.remove({ force: true });
  });
});

describe('over TLS the CLI is refused', () => {
  async function refused(path: string): Promise<string> {
    using cli = dockerCliWith(tlsEnv(path));
    const { exitCode, stdout, stderr } = await cli.run(['ps']);
    expect([exitCode, stdout]).toEqual([1, '']);
    return stderr;
  }

  test('with a certificate that was revoked, exec sessions that are open included', async () => {
    const { id, path } = await certificate();
    using cli = dockerCliWith(tlsEnv(path));
    const container = await cli.ok(['run', '-d', app.image, 'sleep', '300']);
    const session = cli.start(['exec', container, 'sh', '-c', 'echo up; sleep 300']);
    const ended = once(session, 'close');
    await once(session.stdout as NodeJS.ReadableStream, 'data');
    await app.a.admin.expect(204, 'DELETE', `/v1/certificates/${id}`);
    await ended;
    expect(await refused(path)).toContain('revoked');
    await app.a.admin.expect(204, 'DELETE', `/v1/containers/${container}?force=true`);
  });

  test('with one of another authority', async () => {
    const { cert, key } = issueApart(createAuthority(lifetime()));
    const path = certPath({ 'ca.pem': ca.authority.certificatePem, 'cert.pem': cert, 'key.pem': key });
    expect(await refused(path)).toContain('Send a key');
  });

  test('when the server is not the one that it trusts', async () => {
    const { path } = await certificate();
    writeFileSync(join(path, 'ca.pem'), createAuthority(lifetime()).certificatePem);
    expect(await refused(path)).toMatch(/unknown authority|failed to verify/);
  });
});

test('a wrong key is answered with what to do', async () => {
  using cli = dockerCli(app.url, 'lsk_wrong');
  const { exitCode, stderr } = await cli.run(['ps']);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('HttpHeaders')]);
  expect(stderr).toContain('longshore connect');
});
