/** The three ways to be a tenant: a header, a client certificate, and the local agent; each with the plain CLI and with dockerode. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/pki/authority.ts';
import { createRequest } from '../../src/pki/request.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { issueApart, lifetime, type TestAuthority, testAuthority } from '../support/authority.ts';
import { run, type TestProcess } from '../support/child.ts';
import { type DockerCli, dockerCli, dockerCliWith } from '../support/docker-cli.ts';

interface Way {
  cli: DockerCli;
  client: Docker;
}

let ca: TestAuthority;
let app: TestApp;
let folder: string;
const agents: TestProcess[] = [];
const clis: DockerCli[] = [];
const ways: Record<string, Way> = {};
const names = ['a header', 'a client certificate', 'the agent’s socket', 'the agent’s port', 'the agent over TLS'];

beforeAll(async () => {
  ca = testAuthority();
  folder = mkdtempSync(join(tmpdir(), 'longshore-ways-'));
  app = await startTestApp({ provider: 'docker', env: ca.env });
  const { key } = app.a.admin;
  const { hostname, port } = new URL(app.url);
  const made: Way[] = [
    {
      cli: dockerCli(app.url, key),
      client: new Docker({ ...at(hostname, port), headers: { Authorization: `Bearer ${key}` } }),
    },
    await withCertificate(),
    await throughAgent('--socket', join(folder, 'docker.sock'), '--url', app.url),
    await throughAgent('--port', '0', '--url', app.url),
    await throughAgent('--port', '0', '--url', app.tlsUrl ?? '', '--ca', join(ca.folder, 'ca.pem')),
  ];
  for (const [n, way] of made.entries()) {
    ways[names[n] ?? ''] = way;
    clis.push(way.cli);
  }
});
afterAll(async () => {
  for (const agent of agents) await agent.end('SIGTERM');
  for (const cli of clis) cli[Symbol.dispose]();
  await app?.close();
  ca?.remove();
  rmSync(folder, { recursive: true });
});

/** What DOCKER_HOST of this process says must not count. */
const at = (host: string, port: string) => ({
  host,
  port: Number(port),
  protocol: 'http' as const,
  socketPath: undefined,
});

/** A folder for DOCKER_CERT_PATH. */
function certPath(name: string, files: Record<string, string>): string {
  const path = mkdtempSync(join(folder, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text, { mode: 0o600 });
  return path;
}

async function issue(): Promise<{ id: string; path: string }> {
  const { privateKeyPem, requestPem: csr } = createRequest('laptop');
  const body = { name: 'laptop', role: 'admin', csr };
  const made = await app.a.admin.expect<{ id: string; certificate: string; ca: string }>(
    ...([201, 'POST', '/v1/certificates', body] as const),
  );
  const files = { 'ca.pem': made.ca, 'cert.pem': made.certificate, 'key.pem': privateKeyPem };
  return { id: made.id, path: certPath('cert-', files) };
}

const tlsEnv = (path: string) => ({
  DOCKER_HOST: `tcp://${new URL(app.tlsUrl ?? '').host}`,
  DOCKER_TLS_VERIFY: '1',
  DOCKER_CERT_PATH: path,
});

async function withCertificate(): Promise<Way> {
  const { path } = await issue();
  const { hostname, port } = new URL(app.tlsUrl ?? '');
  const file = (name: string) => readFileSync(join(path, name));
  const tls = { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
  return { cli: dockerCliWith(tlsEnv(path)), client: new Docker({ ...at(hostname, port), protocol: 'https', ...tls }) };
}

async function throughAgent(...args: string[]): Promise<Way> {
  const agent = run('src/entrypoints/cli.ts', ['connect', ...args], { env: { LONGSHORE_KEY: app.a.admin.key } });
  agents.push(agent);
  const [, dockerHost = ''] = /^Relaying (\S+) to/.exec(await agent.nextLine()) ?? [];
  const { pathname, hostname, port } = new URL(dockerHost);
  const client = dockerHost.startsWith('unix:')
    ? new Docker({ socketPath: pathname, host: undefined, port: undefined, protocol: 'http' })
    : new Docker(at(hostname, port));
  return { cli: dockerCliWith({ DOCKER_HOST: dockerHost }), client };
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
    const { id, path } = await issue();
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
    const path = certPath('foreign-', { 'ca.pem': ca.authority.certificatePem, 'cert.pem': cert, 'key.pem': key });
    expect(await refused(path)).toContain('Send a key');
  });

  test('when the server is not the one that it trusts', async () => {
    const { path } = await issue();
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
