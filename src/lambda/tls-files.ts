/** Certificates and keys from a secret, as the files that the settings of TLS name. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readSecret } from './secrets.ts';

const pem = z.string().startsWith('-----BEGIN ');
const tlsSecret = z
  .strictObject({ certificate: pem, privateKey: pem, caCertificate: pem.optional(), caPrivateKey: pem.optional() })
  .refine(({ caCertificate, caPrivateKey }) => (caCertificate === undefined) === (caPrivateKey === undefined), {
    message: 'caCertificate and caPrivateKey go together',
  });
const settings = {
  certificate: 'LONGSHORE_TLS_CERT',
  privateKey: 'LONGSHORE_TLS_KEY',
  caCertificate: 'LONGSHORE_CA_CERT',
  caPrivateKey: 'LONGSHORE_CA_KEY',
} as const;

/** The settings with their paths, in a folder that is this process's alone. Throws an Error that names what the secret lacks. */
export async function tlsFiles(
  arn: string,
): Promise<Partial<Record<(typeof settings)[keyof typeof settings], string>>> {
  const given = tlsSecret.safeParse(parse(await readSecret(arn)));
  if (!given.success) {
    const issues = given.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
    throw new Error(`LONGSHORE_TLS_SECRET: ${issues.join('; ')}`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'longshore-tls-'));
  const entries = Object.entries(given.data) as [keyof typeof settings, string][];
  const written = entries.map(async ([part, text]) => {
    const path = join(folder, `${part}.pem`);
    await writeFile(path, text, { mode: 0o600 });
    return [settings[part], path] as const;
  });
  return Object.fromEntries(await Promise.all(written));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
