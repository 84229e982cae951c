/** `longshore certs init`: the authority of an installation and the certificate of its servers, made where they are run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemIds } from '../domain/clock.ts';
import { createAuthority, issueServer } from '../pki/authority.ts';
import { type CliContext, UsageError } from './context.ts';
import { writeFiles } from './files.ts';

const DAY = 86_400_000;

export function initAuthority({ out, host }: { out?: string; host?: string[] }, { print }: CliContext): void {
  if (out === undefined || !host?.length)
    throw new UsageError('Give --out DIR, and --host NAME for each name of the server');
  if (existsSync(join(out, 'ca.pem'))) throw new UsageError(`There is an authority in ${out} already`);
  const authority = createAuthority(lifetime(3650));
  const server = issueServer(authority, host, lifetime(825));
  const folder = writeFiles(out, {
    'ca.pem': authority.certificatePem,
    'ca-key.pem': authority.privateKeyPem,
    'server.pem': server.certificatePem,
    'server-key.pem': server.privateKeyPem,
  });
  print(`The settings of Longshore for it:

  LONGSHORE_CA_CERT=${join(folder, 'ca.pem')}
  LONGSHORE_CA_KEY=${join(folder, 'ca-key.pem')}
  LONGSHORE_TLS_CERT=${join(folder, 'server.pem')}
  LONGSHORE_TLS_KEY=${join(folder, 'server-key.pem')}`);
}

/** From five minutes ago, for clients whose clocks are late. */
function lifetime(days: number) {
  const now = systemClock.now();
  return { serial: systemIds.bytes(16), notBefore: new Date(now - 300_000), notAfter: new Date(now + days * DAY) };
}
