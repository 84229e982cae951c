/** The ways to be a tenant, each as the environment that any Docker client takes: a key, a client certificate, the local agent. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createRequest } from '../../src/pki/request.ts';
import type { TestTenant } from './app.ts';
import { type TestAuthority, testAuthority } from './authority.ts';
import { run } from './child.ts';
import { type Door, openDoor } from './door.ts';

/** DOCKER_HOST, and what goes with it. */
export type ClientEnv = Record<string, string>;

export interface TlsDoor extends Door {
  ca: TestAuthority;
  tlsUrl: string;
  /** A folder for DOCKER_CERT_PATH with these files. */
  certPath(files: Record<string, string>): string;
  /** For a client whose DOCKER_CERT_PATH is this. */
  tlsEnv(certPath: string): ClientEnv;
  /** Issues a certificate to tenant a. */
  certificate(): Promise<{ id: string; path: string }>;
  /** Starts `longshore connect` for tenant a with these options; it ends with the tests. */
  agent(...options: string[]): Promise<ClientEnv>;
}

/** As openDoor, with TLS and an authority besides. */
export async function openTlsDoor(): Promise<TlsDoor> {
  const ca = testAuthority();
  const door = await openDoor(ca.env);
  const { app, folder } = door;
  const tlsUrl = app.tlsUrl ?? '';
  const stops: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const stop of stops) await stop();
    ca.remove();
  });

  const certPath = (files: Record<string, string>) => {
    const path = mkdtempSync(join(folder, 'cert-'));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text, { mode: 0o600 });
    return path;
  };
  return {
    ...door,
    ca,
    tlsUrl,
    certPath,
    tlsEnv: (path) => ({
      DOCKER_HOST: tlsUrl.replace(/^https:/, 'tcp:'),
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: path,
    }),
    certificate: async () => {
      const { id, files } = await issue(app.a);
      return { id, path: certPath(files) };
    },
    agent: async (...options) => {
      const env = { LONGSHORE_KEY: app.a.admin.key };
      const agent = run('src/entrypoints/cli.ts', ['connect', ...options], { env });
      stops.push(() => agent.end('SIGTERM'));
      const [, dockerHost = ''] = /^Relaying (\S+) to/.exec(await agent.nextLine()) ?? [];
      return { DOCKER_HOST: dockerHost };
    },
  };
}

async function issue({ admin }: TestTenant): Promise<{ id: string; files: Record<string, string> }> {
  const { privateKeyPem, requestPem: csr } = createRequest('laptop');
  const body = { name: 'laptop', role: 'admin', csr };
  const made = await admin.expect<{ id: string; certificate: string; ca: string }>(
    ...([201, 'POST', '/v1/certificates', body] as const),
  );
  return { id: made.id, files: { 'ca.pem': made.ca, 'cert.pem': made.certificate, 'key.pem': privateKeyPem } };
}
