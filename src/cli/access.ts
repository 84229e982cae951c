/** Which Longshore a command talks to, and with which key: options, then the environment, then what `npm run up` left. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type CliContext, UsageError } from './context.ts';

/** Options of every command that talks to Longshore, for parseArgs. There is none for a key itself: others could read it. */
export const accessOptions = {
  url: { type: 'string' },
  'key-file': { type: 'string' },
  ca: { type: 'string' },
  'allow-http': { type: 'boolean' },
} as const;

export const accessHelp = `
  --url URL          of Longshore; else LONGSHORE_URL, else the one of npm run up
  --key-file FILE    holds the key; else LONGSHORE_KEY, else the one of npm run up
  --ca FILE          certificates (PEM) to trust for an https URL
  --allow-http       send the key without TLS to another machine`;

export interface AccessOptions {
  url?: string | undefined;
  'key-file'?: string | undefined;
  ca?: string | undefined;
  'allow-http'?: boolean | undefined;
}

export interface Access {
  url: URL;
  key: string;
  /** PEM. */
  ca: string | null;
}

const devFile = z
  .object({ url: z.string(), apiKey: z.string(), operatorKey: z.string(), tenant: z.string() })
  .partial();

/** @param kind of key that is taken from what `npm run up` left. Throws UsageError. */
export function findAccess(options: AccessOptions, { env }: CliContext, kind: 'apiKey' | 'operatorKey'): Access {
  const dev = readDevFile(env);
  const url = parseUrl(options.url ?? env.LONGSHORE_URL ?? dev.url ?? 'http://127.0.0.1:7070');
  if (url.protocol === 'http:' && !isThisMachine(url.hostname) && !options['allow-http']) {
    throw new UsageError(
      `The key would be sent to ${url.host} without TLS: use https, or --allow-http on a network you trust`,
    );
  }
  const keyFile = options['key-file'];
  // A key of npm run up is for that server, not for any other that was named.
  const left = url.origin === (dev.url && new URL(dev.url).origin) ? dev[kind] : undefined;
  const key = keyFile === undefined ? (env.LONGSHORE_KEY ?? left) : readText(keyFile, 'key file');
  if (!key) throw new UsageError('There is no key: give --key-file, set LONGSHORE_KEY, or start npm run up');
  if (!/^lsk_[0-9A-Za-z_]+$/.test(key.trim())) throw new UsageError('The key must be of the form lsk_…');
  return { url, key: key.trim(), ca: options.ca === undefined ? null : readText(options.ca, 'CA file') };
}

function readDevFile(env: CliContext['env']): z.infer<typeof devFile> {
  try {
    return devFile.parse(JSON.parse(readFileSync(join(env.LONGSHORE_DATA_DIR || '.longshore', 'dev.json'), 'utf8')));
  } catch {
    return {};
  }
}

/** As a gateway puts before everything, such as the name of a stage. */
const plainPath = /^(\/[A-Za-z0-9._~-]+)*\/?$/;

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || !plainPath.test(url.pathname) || url.username || url.search) {
    throw new UsageError(`The URL must be https://host:port, perhaps with a path, not ${text}`);
  }
  return url;
}

const isThisMachine = (host: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host);

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The ${what} ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
