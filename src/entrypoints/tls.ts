/** What a listener with TLS is made of, and which client certificates it asks for. */
import { readFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import type { Config } from '../config.ts';
import type { CertificateAuthority } from '../domain/certificate.ts';

export interface Tls {
  /** PEM. */
  cert: Buffer;
  key: Buffer;
  /** Whose certificates count as a client's credential. */
  authority: CertificateAuthority | null;
}

/** Null unless the settings name a certificate. */
export async function readTls(config: Config, authority: CertificateAuthority | null): Promise<Tls | null> {
  const { LONGSHORE_TLS_CERT: cert, LONGSHORE_TLS_KEY: key } = config;
  if (cert === undefined || key === undefined) return null;
  return { cert: await readFile(cert), key: await readFile(key), authority };
}

/**
 * Half-open as HTTP's own sockets are: without it what is said after the client's last word is lost. A client without a
 * certificate, or with somebody else's, is let in: it may have a key.
 */
export function tlsOptions({ cert, key, authority }: Tls): ServerOptions {
  return {
    ...{ cert, key, minVersion: 'TLSv1.2', handshakeTimeout: 10_000, ALPNProtocols: ['http/1.1'], allowHalfOpen: true },
    ...(authority ? { ca: authority.certificatePem, requestCert: true, rejectUnauthorized: false } : {}),
  } satisfies ServerOptions & { allowHalfOpen: boolean };
}
