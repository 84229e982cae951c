/** `<data folder>/dev.json`: how tools and tests reach the Longshore that `npm run up` started. Holds keys: mode 0600. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type DevFile = {
  url: string;
  /** The address of the Docker door; null while there is none. */
  dockerHost: string | null;
  tenant: string;
  /** An admin key of that tenant. */
  apiKey: string;
  operatorKey: string;
  /** A folder for `docker --config`; null while there is no Docker door. */
  dockerConfig: string | null;
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
