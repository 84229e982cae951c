/** `longshore certs`: client certificates for DOCKER_CERT_PATH, and the authority of an installation. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { createRequest } from '../pki/request.ts';
import { accessHelp, accessOptions, findAccess } from './access.ts';
import { callApi } from './api.ts';
import { initAuthority } from './certs-init.ts';
import { type CliContext, UsageError } from './context.ts';
import { writeFiles } from './files.ts';

const help = `longshore certs issue --out DIR [--tenant NAME] [--name TEXT] [--role admin|viewer] [--days N] [options]
longshore certs list [--tenant NAME] [options]
longshore certs revoke ID [--tenant NAME] [options]
longshore certs init --out DIR --host NAME...

issue   makes a private key in DIR, has its certificate signed, and writes ca.pem, cert.pem and key.pem for DOCKER_CERT_PATH
list    the certificates that are good
revoke  ends one within five seconds
init    makes the authority and a server certificate of an installation, for LONGSHORE_CA_* and LONGSHORE_TLS_*

With --tenant the key is the operator's, without it that of an admin of the tenant.
${accessHelp}`;

const certificate = z.object({ id: z.string(), name: z.string(), role: z.string(), notAfter: z.string() });
const issued = certificate.extend({ certificate: z.string(), ca: z.string(), tlsPort: z.number().nullable() });
const page = z.object({ items: z.array(certificate), nextCursor: z.string().nullable() });

export async function certs(args: string[], context: CliContext): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...accessOptions,
      tenant: { type: 'string' },
      out: { type: 'string' },
      name: { type: 'string' },
      role: { type: 'string' },
      days: { type: 'string' },
      host: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [verb, id, ...more] = positionals;
  if (values.help) return context.print(help);
  if (more.length > 0 || (id !== undefined && verb !== 'revoke')) throw new UsageError(help);
  if (verb === 'init') return initAuthority(values, context);
  const access = () => findAccess(values, context, values.tenant === undefined ? 'apiKey' : 'operatorKey');
  const path =
    values.tenant === undefined ? '/v1/certificates' : `/v1/tenants/${encodeURIComponent(values.tenant)}/certificates`;
  switch (verb) {
    case 'issue':
      return issue(access(), path, values, context);
    case 'list':
      return list(access(), path, context);
    case 'revoke':
      if (id === undefined) throw new UsageError('Which one? longshore certs list shows their ids');
      await callApi(access(), { method: 'DELETE', path: `${path}/${encodeURIComponent(id)}`, schema: z.undefined() });
      return context.print(`Revoked ${id}`);
    default:
      throw new UsageError(help);
  }
}

type Access = ReturnType<typeof findAccess>;
interface Wanted {
  out?: string | undefined;
  name?: string | undefined;
  role?: string | undefined;
  days?: string | undefined;
}

async function issue(access: Access, path: string, { out, name, role, days }: Wanted, { print }: CliContext) {
  if (out === undefined) throw new UsageError('Where to? Give --out DIR');
  const { privateKeyPem, requestPem } = createRequest(name ?? 'docker');
  const body = {
    name: name ?? 'docker',
    role: role ?? 'admin',
    csr: requestPem,
    ...(days ? { days: Number(days) } : {}),
  };
  const made = await callApi(access, { method: 'POST', path, body, schema: issued });
  const folder = writeFiles(out, { 'ca.pem': made.ca, 'cert.pem': made.certificate, 'key.pem': privateKeyPem });
  print(`Certificate ${made.id}, role ${made.role}, good until ${made.notAfter}.`);
  if (made.tlsPort === null)
    return print(`It needs a server that listens with TLS, which this one does not. It is in ${folder}`);
  const host = `tcp://${access.url.hostname}:${made.tlsPort}`;
  print(`\n  export DOCKER_HOST=${host} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=${folder}`);
}

async function list(access: Access, path: string, { print }: CliContext): Promise<void> {
  let cursor = '';
  do {
    const { items, nextCursor } = await callApi(access, {
      method: 'GET',
      path: `${path}?limit=1000${cursor}`,
      schema: page,
    });
    for (const { id, role, notAfter, name } of items) print([id, role.padEnd(6), notAfter, name].join('  '));
    cursor = nextCursor === null ? '' : `&cursor=${encodeURIComponent(nextCursor)}`;
  } while (cursor !== '');
}
