/** `longshore certs` against a running server: what it writes is good for TLS, until it is revoked. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type TestAuthority, testAuthority } from '../support/authority.ts';
import { run } from '../support/child.ts';
import { sendTls } from '../support/tls-client.ts';
import { waitFor } from '../support/wait-for.ts';

let ca: TestAuthority;
let app: TestApp;
let folder: string;
beforeAll(async () => {
  ca = testAuthority();
  app = await startTestApp({ provider: 'memory', env: ca.env });
  folder = mkdtempSync(join(tmpdir(), 'longshore-certs-'));
});
afterAll(async () => {
  await app?.close();
  ca?.remove();
  rmSync(folder, { recursive: true });
});

/** Its lines on standard output, or what it said instead. */
async function certs(key: string, ...args: string[]): Promise<string[]> {
  const command = run('src/entrypoints/cli.ts', ['certs', ...args], {
    env: { LONGSHORE_KEY: key, LONGSHORE_URL: app.url },
  });
  const lines: string[] = [];
  for (;;) {
    const line = await command.nextLine().catch(() => null);
    if (line === null) break;
    lines.push(line);
  }
  return command.child.exitCode === 0 ? lines : [command.errors()];
}

test.each([
  ['an admin of the tenant', () => [app.a.admin.key]],
  ['the operator', () => [app.operatorKey, '--tenant', 'tenant-a']],
])('%s gets files for DOCKER_CERT_PATH, lists the certificate and revokes it', async (who, given) => {
  const [key = '', ...tenant] = given();
  const out = join(folder, who.replaceAll(' ', '-'));
  const said = await certs(
    key,
    'issue',
    '--out',
    out,
    '--name',
    'laptop',
    '--role',
    'viewer',
    '--days',
    '1',
    ...tenant,
  );
  const address = app.tlsUrl?.replace('https:', 'tcp:');
  expect(said.join('\n')).toContain(`DOCKER_HOST=${address} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=${out}`);
  expect(readdirSync(out).sort()).toEqual(['ca.pem', 'cert.pem', 'key.pem']);
  expect(statSync(join(out, 'key.pem')).mode & 0o777).toBe(0o600);
  const file = (name: string) => readFileSync(join(out, name), 'utf8');
  const identity = { cert: file('cert.pem'), key: file('key.pem') };
  const status = async () => (await sendTls(app.tlsUrl ?? '', file('ca.pem'), identity)).status;
  expect(await status()).toBe(200);
  const [line = ''] = await certs(key, 'list', ...tenant);
  expect(line).toMatch(/^[0-9a-f]{64} {2}viewer {2}\S+ {2}laptop$/);
  await certs(key, 'revoke', line.slice(0, 64), ...tenant);
  await waitFor(async () => (await status()) === 401, { timeoutMs: 5000 });
  expect(await certs(key, 'list', ...tenant)).toEqual([]);
});

test('without TLS on the server, the certificate is made and what it needs is said', async () => {
  const { LONGSHORE_TLS_CERT: _, LONGSHORE_TLS_KEY: __, ...env } = ca.env;
  const plain = await startTestApp({ provider: 'memory', env });
  const out = join(folder, 'plain');
  const said = await certs(plain.a.admin.key, 'issue', '--out', out, '--url', plain.url).finally(plain.close);
  expect(said.join('\n')).toContain('It needs a server that listens with TLS');
  expect(readdirSync(out).sort()).toEqual(['ca.pem', 'cert.pem', 'key.pem']);
});

test('what the server refuses is told in its words, and leaves no files', async () => {
  const out = join(folder, 'refused');
  expect(await certs(app.a.viewer.key, 'issue', '--out', out)).toEqual([expect.stringContaining('viewer')]);
  expect(await certs(app.operatorKey, 'issue', '--out', out, '--tenant', 'nobody')).toEqual([
    expect.stringContaining('nobody'),
  ]);
  expect(await certs(app.a.admin.key, 'issue', '--out', out, '--days', '0')).toEqual([expect.stringContaining('days')]);
  expect(spawnSync('test', ['-e', out]).status).toBe(1);
});
