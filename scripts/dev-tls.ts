/** The certificate authority of a data folder, made once, and a server certificate of it, new at every start. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, issueServer, type KeyAndCertificate } from '../src/pki/authority.ts';

const DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** Longer than anybody lets a server of development run. */
const SERVER_DAYS = 397;

/** The settings that name the files. @param host where it listens, beside this machine's own names */
export function devTls(dataDir: string, host = 'localhost'): Record<string, string> {
  const folder = join(dataDir, 'tls');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authorityFiles = { certificate: join(folder, 'ca.pem'), key: join(folder, 'ca-key.pem') };
  const serverFiles = { certificate: join(folder, 'server.pem'), key: join(folder, 'server-key.pem') };
  const known = existsSync(authorityFiles.certificate);
  const authority = known ? read(authorityFiles) : createAuthority(lifetime(AUTHORITY_DAYS));
  if (!known) write(authorityFiles, authority);
  write(
    serverFiles,
    issueServer(authority, [...new Set(['localhost', '127.0.0.1', '::1', host])], lifetime(SERVER_DAYS)),
  );
  return {
    LONGSHORE_CA_CERT: authorityFiles.certificate,
    LONGSHORE_CA_KEY: authorityFiles.key,
    LONGSHORE_TLS_CERT: serverFiles.certificate,
    LONGSHORE_TLS_KEY: serverFiles.key,
  };
}

interface Files {
  certificate: string;
  key: string;
}

function read({ certificate, key }: Files): KeyAndCertificate {
  return { certificatePem: readFileSync(certificate, 'utf8'), privateKeyPem: readFileSync(key, 'utf8') };
}

/** The certificate last, in one step: where it is, its key is too. */
function write(files: Files, { certificatePem, privateKeyPem }: KeyAndCertificate): void {
  writeFileSync(files.key, privateKeyPem, { mode: 0o600 });
  writeFileSync(`${files.certificate}.new`, certificatePem);
  renameSync(`${files.certificate}.new`, files.certificate);
}

/** From five minutes ago, for clients whose clocks are late. */
function lifetime(days: number) {
  const now = Date.now();
  return { serial: randomBytes(16), notBefore: new Date(now - 300_000), notAfter: new Date(now + days * DAY) };
}
