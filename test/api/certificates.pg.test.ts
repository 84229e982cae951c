/** The routes that issue, list and revoke client certificates, and what they refuse to sign. */
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Name, SubjectPublicKeyInfo } from '@peculiar/asn1-x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRequest } from '../../src/pki/request.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type TestAuthority, testAuthority } from '../support/authority.ts';

let ca: TestAuthority;
let app: TestApp;
let folder: string;
beforeAll(async () => {
  ca = testAuthority();
  folder = mkdtempSync(join(tmpdir(), 'longshore-csr-'));
  app = await startTestApp({ provider: 'memory', env: ca.env });
});
afterAll(async () => {
  await app?.close();
  ca?.remove();
  rmSync(folder, { recursive: true });
});

interface Issued {
  id: string;
  name: string;
  serial: string;
  notAfter: string;
  certificate: string;
  ca: string;
}

const csr = () => createRequest('laptop').requestPem;
const wanted = (more: object = {}) => ({ name: 'laptop', role: 'admin', csr: csr(), ...more });

/** A request that OpenSSL makes; `args` beside the usual ones. */
function openssl(...args: string[]): string {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'csr.pem')];
  execFileSync('openssl', ['req', '-new', '-nodes', ...files, ...args], { stdio: 'ignore' });
  return readFileSync(join(folder, 'csr.pem'), 'utf8');
}

test('an admin gets one for its own tenant, the operator for any, and both see and revoke them', async () => {
  const mine = await app.a.admin.expect<Issued>(201, 'POST', '/v1/certificates', wanted());
  const given = await app.operator.expect<Issued>(201, 'POST', '/v1/tenants/tenant-a/certificates', wanted());
  const ids = async (client: TestApp['operator'], path: string) =>
    (await client.expect<{ items: Issued[] }>(200, 'GET', path)).items.map(({ id }) => id);
  expect(await ids(app.a.viewer, '/v1/certificates')).toEqual([given.id, mine.id]);
  expect(await ids(app.operator, '/v1/tenants/tenant-a/certificates')).toEqual([given.id, mine.id]);
  expect(await ids(app.b.admin, '/v1/certificates')).toEqual([]);
  await app.b.admin.expect(404, 'DELETE', `/v1/certificates/${mine.id}`);
  await app.operator.expect(404, 'DELETE', `/v1/tenants/tenant-b/certificates/${mine.id}`);
  await app.a.admin.expect(204, 'DELETE', `/v1/certificates/${given.id}`);
  await app.a.admin.expect(404, 'DELETE', `/v1/certificates/${given.id}`);
  await app.operator.expect(204, 'DELETE', `/v1/tenants/tenant-a/certificates/${mine.id}`);
  expect(await ids(app.a.admin, '/v1/certificates')).toEqual([]);
  const { items } = await app.a.admin.expect<{ items: object[] }>(
    ...([200, 'GET', `/v1/events?follow=false&kind=certificate&resourceId=${given.id}`] as const),
  );
  expect(items).toMatchObject([
    { type: 'issued', actor: { kind: 'operator' } },
    { type: 'revoked', actor: { kind: 'key' } },
  ]);
});

test('pages of the list hold each of them once', async () => {
  const made = new Set<string>();
  for (let count = 0; count < 5; count++) {
    made.add((await app.b.admin.expect<Issued>(201, 'POST', '/v1/certificates', wanted())).id);
  }
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await app.operator.expect<{ items: Issued[]; nextCursor: string | null }>(
      ...([200, 'GET', `/v1/tenants/tenant-b/certificates?limit=2${cursor}`] as const),
    );
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : '';
  } while (cursor);
  expect([...seen].sort()).toEqual([...made].sort());
});

test('a replay shows the same certificate, a crash in between included', async () => {
  const headers = { 'idempotency-key': 'one' };
  const body = wanted();
  const first = await app.a.admin.expect<Issued>(201, 'POST', '/v1/certificates', body, headers);
  expect(await app.a.admin.expect(201, 'POST', '/v1/certificates', body, headers)).toEqual(first);
});

test('subject, role and extensions are ours, whatever the request says', async () => {
  const forged = openssl(
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', '/O=tenant-b/CN=operator'],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'extendedKeyUsage=serverAuth'],
  );
  const body = wanted({ csr: forged, days: 10 });
  const {
    certificate,
    ca: authority,
    notAfter,
    serial,
  } = await app.a.admin.expect<Issued>(...([201, 'POST', '/v1/certificates', body] as const));
  const made = new X509Certificate(certificate);
  expect(made.subject).toBe('O=tenant-a\nCN=laptop');
  expect([made.ca, made.subjectAltName, made.keyUsage]).toEqual([false, undefined, ['1.3.6.1.5.5.7.3.2']]);
  expect(made.verify(new X509Certificate(authority).publicKey)).toBe(true);
  // The authority of this test ends within the hour, and nothing outlives it.
  expect(Date.parse(notAfter)).toBeLessThan(Date.now() + 3_700_000);
  expect(made.validToDate.toISOString()).toBe(notAfter);
  expect(made.serialNumber.toLowerCase()).toBe(serial);
});

test.each([
  ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha384']],
  ['RSA 2048', ['-newkey', 'rsa:2048']],
  ['Ed25519', ['-newkey', 'ed25519']],
])('a key of %s is good', async (_, args) => {
  const body = wanted({ csr: openssl('-subj', '/CN=x', ...args) });
  await app.a.admin.expect(201, 'POST', '/v1/certificates', body);
});

describe('refuses by name', () => {
  /** The bytes of a request with one of them changed. */
  const damaged = (at: number) => {
    const der = Buffer.from(csr().replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const place = at < 0 ? der.length + at : at;
    der.writeUInt8(der.readUInt8(place) ^ 1, place);
    return armoured(der);
  };
  const armoured = (der: Buffer) =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  /** Requests that nobody signed: the key is looked at first. */
  const unsigned = (key: KeyObject) => {
    const subjectPKInfo = AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
    const certificationRequestInfo = new CertificationRequestInfo({ version: 0, subject: new Name(), subjectPKInfo });
    const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: null });
    const request = { certificationRequestInfo, signatureAlgorithm, signature: new ArrayBuffer(1024) };
    return armoured(Buffer.from(AsnConvert.serialize(new CertificationRequest(request))));
  };
  const hugeKey = () => {
    const n = Buffer.alloc(1024, 0xff).toString('base64url');
    return createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
  };
  const weak = (...args: string[]) => openssl('-subj', '/CN=x', ...args);
  const explicit = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'];

  test.each<[string, () => object, string]>([
    ['a signature that is another’s', () => ({ csr: damaged(-5) }), 'not signed by the key'],
    ['a subject changed after signing', () => ({ csr: damaged(22) }), 'csr'],
    ['RSA with 1024 bits', () => ({ csr: weak('-newkey', 'rsa:1024') }), '2048'],
    ['RSA that costs too much to check', () => ({ csr: unsigned(hugeKey()) }), '4096'],
    [
      'a curve that few know',
      () => ({ csr: weak('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1') }),
      'P-256',
    ],
    ['a weak curve', () => ({ csr: weak('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp112r1') }), 'csr'],
    ['a curve of its own', () => ({ csr: weak(...explicit) }), 'csr'],
    ['a signature with SHA-1', () => ({ csr: weak('-newkey', 'rsa:2048', '-sha1') }), 'SHA-256'],
    ['bytes that are no ASN.1', () => ({ csr: armoured(Buffer.from('hello')) }), 'PKCS #10'],
    [
      'lists a few thousand deep',
      () => ({ csr: armoured(Buffer.alloc(8000, Buffer.from('3080', 'hex'))) }),
      'PKCS #10',
    ],
    ['a certificate', () => ({ csr: readFileSync(join(ca.folder, 'server.pem'), 'utf8') }), 'PEM'],
    ['a private key', () => ({ csr: privateKey() }), 'PEM'],
    ['two requests', () => ({ csr: csr() + csr() }), 'PEM'],
    ['nothing', () => ({ csr: '' }), 'csr'],
    ['more than any request needs', () => ({ csr: csr() + ' '.repeat(17_000) }), 'csr'],
    ['a life without end', () => ({ days: 100_000 }), 'days'],
    ['no life', () => ({ days: 0 }), 'days'],
    ['another tenant', () => ({ tenant: 'tenant-b' }), 'tenant'],
    ['a role that is none', () => ({ role: 'operator' }), 'role'],
    ['a name of two lines', () => ({ name: 'a\nb' }), 'name'],
    ['a name without end', () => ({ name: 'x'.repeat(65) }), 'name'],
  ])('%s', async (_, more, named) => {
    for (const [client, path] of [
      [app.a.admin, '/v1/certificates'],
      [app.operator, '/v1/tenants/tenant-a/certificates'],
    ] as const) {
      const answer = await client.send('POST', path, wanted(more()));
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(named)]);
    }
  });

  const privateKey = () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
});

test('a body beyond all limits is refused before anybody reads it', async () => {
  await app.a.admin.expect(413, 'POST', '/v1/certificates', wanted({ csr: 'x'.repeat(2_000_000) }));
});

test('a viewer issues and revokes none', async () => {
  await app.a.viewer.expect(403, 'POST', '/v1/certificates', wanted());
  const { id } = await app.a.admin.expect<Issued>(201, 'POST', '/v1/certificates', wanted());
  await app.a.viewer.expect(403, 'DELETE', `/v1/certificates/${id}`);
});

test('without an authority it says what the operator has to set', async () => {
  const bare = await startTestApp({ provider: 'memory' });
  const answer = await bare.a.admin.send('POST', '/v1/certificates', wanted());
  expect([answer.status, await answer.text()]).toEqual([501, expect.stringContaining('LONGSHORE_CA_CERT')]);
  await bare.close();
});
