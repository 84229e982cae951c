/** Client certificates as a credential: whose count, what they count for, and how long. */
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectionOptions } from '../../src/db/client.ts';
import { createAuthority, type KeyAndCertificate } from '../../src/pki/authority.ts';
import { createRequest } from '../../src/pki/request.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Identity, issueApart, lifetime, type TestAuthority, testAuthority } from '../support/authority.ts';
import { sendTls } from '../support/tls-client.ts';
import { waitFor } from '../support/wait-for.ts';

let ca: TestAuthority;
let app: TestApp;
let owner: postgres.Sql;
beforeAll(async () => {
  ca = testAuthority();
  app = await startTestApp({ provider: 'memory', env: ca.env });
  owner = postgres({ ...connectionOptions(app.databaseUrl), max: 2 });
});
afterAll(async () => {
  await owner?.end();
  await app?.close();
  ca?.remove();
});

type Given = Parameters<typeof sendTls>[3];
const send = (identity: Partial<Identity>, given?: Given) =>
  sendTls(app.tlsUrl ?? '', ca.authority.certificatePem, identity, given);
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

interface Issued {
  id: string;
  serial: string;
  notAfter: string;
  certificate: string;
  ca: string;
}

/** Asked for as anybody would. */
async function issued(tenant: string, role = 'admin'): Promise<Identity & { fingerprint: string }> {
  const { privateKeyPem: key, requestPem: csr } = createRequest('laptop');
  const path = `/v1/tenants/${tenant}/certificates`;
  const answer = await app.operator.expect<Issued>(201, 'POST', path, { name: 'laptop', role, csr });
  return { cert: answer.certificate, key, fingerprint: answer.id };
}

test('stands for its tenant and role, on every request of its connection', async () => {
  await app.a.admin.expect(201, 'POST', '/v1/volumes', { name: 'of-a' });
  const [a, viewer] = [await issued('tenant-a'), await issued('tenant-a', 'viewer')];
  const b = await issued('tenant-b');
  expect((await send(a, { path: '/v1/volumes/of-a' })).status).toBe(200);
  expect((await send(b, { path: '/v1/volumes/of-a' })).status).toBe(404);
  expect((await send(viewer, { path: '/v1/volumes/of-a' })).status).toBe(200);
  expect((await send(viewer, { method: 'DELETE', path: '/v1/volumes/of-a' })).status).toBe(403);
  expect((await send(a, { path: '/v1/tenants' })).status).toBe(403);
});

test('a key does over TLS what it does without', async () => {
  expect((await send({}, bearer(app.a.admin.key))).status).toBe(200);
  expect((await send({})).status).toBe(401);
  expect((await send({}, { path: '/v1/tenants', ...bearer(app.operatorKey) })).status).toBe(200);
});

test('a key beside it must stand for the same tenant and role', async () => {
  const a = await issued('tenant-a');
  expect((await send(a, bearer(app.a.admin.key))).status).toBe(200);
  for (const key of [app.b.admin.key, app.a.viewer.key, app.operatorKey, 'garbage']) {
    expect((await send(a, bearer(key))).status).toBe(401);
    expect((await send(a, { path: '/v1/tenants', ...bearer(key) })).status).toBe(401);
  }
  expect((await send(a, { headers: { authorization: 'Basic x' } })).status).toBe(401);
});

test('a key does not save a certificate of ours that is unknown', async () => {
  const unknown = issueApart(ca.authority);
  expect((await send(unknown)).status).toBe(401);
  expect((await send(unknown, bearer(app.a.admin.key))).status).toBe(401);
});

describe('is refused when', () => {
  test('it was revoked, within five seconds and for streams that are open', async () => {
    const a = await issued('tenant-a');
    const url = `${app.tlsUrl?.replace('https', 'wss')}/v1/containers/sleeper/exec/ws?command=sleep&command=600`;
    await app.a.admin.expect(201, 'POST', '/v1/containers', {
      name: 'sleeper',
      image: app.image,
      command: ['sleep', '600'],
      start: true,
    });
    const socket = new WebSocket(url, { ca: ca.authority.certificatePem, ...a });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    expect((await send(a)).status).toBe(200);
    await app.operator.expect(204, 'DELETE', `/v1/tenants/tenant-a/certificates/${a.fingerprint}`);
    await waitFor(async () => (await send(a)).status === 401, { timeoutMs: 5000 });
    await closed;
  });

  test('it has expired, by its own date or by ours', async () => {
    const late = issueApart(ca.authority, -0.5);
    await record(late.fingerprint);
    const answer = await send(late);
    expect([answer.status, answer.text]).toEqual([401, expect.stringContaining('has expired')]);
    const ended = await issued('tenant-a');
    await owner`update certificates set not_after = now() - interval '1 second' where id = ${ended.fingerprint}`;
    expect((await send(ended)).status).toBe(401);
  });

  test('its tenant is being deleted', async () => {
    await app.operator.expect(201, 'POST', '/v1/tenants', { name: 'short' });
    const identity = await issued('short');
    expect((await send(identity)).status).toBe(200);
    await app.operator.expect(202, 'DELETE', '/v1/tenants/short');
    await waitFor(async () => (await send(identity)).status === 401, { timeoutMs: 5000 });
  });

  test('another authority signed it, even one of the same name', async () => {
    const twin = createAuthority({ ...lifetime(), serial: serialOf(ca) });
    expect(subjectOf(twin)).toBe(subjectOf(ca.authority));
    for (const authority of [createAuthority(lifetime()), twin]) {
      const foreign = issueApart(authority);
      await record(foreign.fingerprint);
      expect((await send(foreign)).status).toBe(401);
      expect((await send(foreign, bearer(app.a.admin.key))).status).toBe(200);
    }
  });

  test('whoever presents it has another key, even one that claims to be the right one', async () => {
    const stolen = await issued('tenant-a');
    const { publicKey } = new X509Certificate(stolen.cert);
    const key = forgedKey(publicKey);
    await expect(send({ cert: stolen.cert, key })).rejects.toThrow(/alert|ECONNRESET|hang up/);
  });

  test('it only comes along behind one of the caller’s own', async () => {
    const stolen = await issued('tenant-a');
    const mine = issueApart(createAuthority(lifetime()));
    expect((await send({ cert: mine.cert + stolen.cert, key: mine.key })).status).toBe(401);
  });
});

/** Puts on record what our authority would never have signed. */
async function record(fingerprint: string): Promise<void> {
  await owner`insert into certificates (tenant_id, id, serial, name, role, pem, not_after)
    select id, ${fingerprint}, '01', 'x', 'admin', '', now() + interval '1 hour' from tenants where name = 'tenant-a'`;
}

/** A private key of our own in a file that names somebody else's public key: clients do not look closer, and send with it. */
function forgedKey(publicKey: KeyObject): string {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const { d = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const bytes = (text: string) => Buffer.from(text, 'base64url');
  const sec1 = [
    Buffer.from('30770201010420', 'hex'),
    ...[bytes(d), Buffer.from('a00a06082a8648ce3d030107a14403420004', 'hex'), bytes(x), bytes(y)],
  ];
  return `-----BEGIN EC PRIVATE KEY-----\n${Buffer.concat(sec1).toString('base64')}\n-----END EC PRIVATE KEY-----\n`;
}

const subjectOf = ({ certificatePem }: KeyAndCertificate) => new X509Certificate(certificatePem).subject;

/** The name of an authority ends in the first bytes of its serial. */
function serialOf({ authority }: TestAuthority): Uint8Array {
  const [, digits = ''] = /CN=Longshore CA ([0-9a-f]{8})/.exec(subjectOf(authority)) ?? [];
  return Buffer.concat([Buffer.from(digits, 'hex'), randomBytes(12)]);
}

test('versions of TLS before 1.2 and plain HTTP get nothing, and the server goes on', async () => {
  const { hostname, port } = new URL(app.tlsUrl ?? '');
  const old = connect({
    host: hostname,
    port: Number(port),
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ca: ca.authority.certificatePem,
  });
  await expect(
    new Promise((resolve, reject) => old.once('secureConnect', resolve).once('error', reject)),
  ).rejects.toThrow();
  const plain = connectPlain(Number(port), hostname);
  let said = '';
  plain.on('data', (chunk) => {
    said += chunk;
  });
  plain.on('error', () => undefined);
  plain.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => plain.once('close', resolve));
  expect(said).not.toContain('HTTP/1.1');
  expect((await send({}, { path: '/healthz' })).status).toBe(200);
});
