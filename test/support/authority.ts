/** A certificate authority for a test, its files, and certificates that no request to the API would give. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issueServer, type KeyAndCertificate, openAuthority } from '../../src/pki/authority.ts';
import { createRequest } from '../../src/pki/request.ts';

const HOUR = 3_600_000;

/** From an hour ago until `hours` from now. */
export const lifetime = (hours = 1) => ({
  serial: randomBytes(16),
  notBefore: new Date(Date.now() - HOUR),
  notAfter: new Date(Date.now() + hours * HOUR),
});

export interface TestAuthority {
  authority: KeyAndCertificate;
  /** Holds ca.pem, ca-key.pem, server.pem and server-key.pem. */
  folder: string;
  /** The settings that make a server listen with TLS and take this authority's certificates. */
  env: Record<string, string>;
  remove(): void;
}

export function testAuthority(): TestAuthority {
  const authority = createAuthority(lifetime());
  const server = issueServer(authority, ['localhost', '127.0.0.1'], lifetime());
  const folder = mkdtempSync(join(tmpdir(), 'longshore-ca-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  return {
    authority,
    folder,
    env: {
      LONGSHORE_CA_CERT: file('ca.pem', authority.certificatePem),
      LONGSHORE_CA_KEY: file('ca-key.pem', authority.privateKeyPem),
      LONGSHORE_TLS_CERT: file('server.pem', server.certificatePem),
      LONGSHORE_TLS_KEY: file('server-key.pem', server.privateKeyPem),
      LONGSHORE_TLS_PORT: '0',
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export interface Identity {
  cert: string;
  key: string;
}

/** A certificate with its key, signed by an authority that no database is asked about. */
export function issueApart(authority: KeyAndCertificate, hours = 1): Identity & { fingerprint: string } {
  const { privateKeyPem, requestPem } = createRequest('apart');
  const { pem, fingerprint } = openAuthority(authority).issue(requestPem, {
    tenant: 'x',
    name: 'y',
    ...lifetime(hours),
  });
  return { cert: pem, key: privateKeyPem, fingerprint };
}
