/** Files with certificates and keys, for their owner alone. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Makes the folder if it is missing, replaces what is in the way, and answers with the folder's absolute path. */
export function writeFiles(folder: string, files: Record<string, string>): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return resolve(folder);
}
