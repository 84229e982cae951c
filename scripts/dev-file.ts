/** `<data folder>/dev.json`: how tools and tests reach the Longshore that `npm run up` started. Holds keys: mode 0600. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type DevFile = {
  url: string;
  /** The address of the Docker door, for DOCKER_HOST. */
  dockerHost: string;
  /** The same with TLS. */
  dockerTlsHost: string | null;
  tenant: string;
  /** An admin key of that tenant. */
  apiKey: string;
  operatorKey: string;
  /** A folder for `docker --config` that makes the CLI send the key. */
  dockerConfig: string;
};

export function devFilePath(dataDir: string): string {
  return join(dataDir, 'dev.json');
}

/** What the last `up` on this folder wrote; empty before the first one, or when the file is no longer JSON. */
export function readDevFile(dataDir: string): Partial<DevFile> {
  try {
    return JSON.parse(readFileSync(devFilePath(dataDir), 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** Replaced in one step: a reader sees the old file or the new one, never a half. */
export function writeDevFile(dataDir: string, content: DevFile): void {
  const path = devFilePath(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** A folder for `docker --config` with the key in it. What else is in its config.json, such as logins, stays. */
export function writeDockerConfig(dataDir: string, apiKey: string): string {
  const folder = join(dataDir, 'docker');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'config.json');
  const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const content = { ...known, HttpHeaders: { ...known.HttpHeaders, Authorization: `Bearer ${apiKey}` } };
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return folder;
}
