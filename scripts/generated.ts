/** A committed file that a program prints: written anew, or with `--check` only compared. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Ends the process with 1 when the program fails, or when they differ. @param command that writes it, for the message */
export function generate(path: string, program: string, command: string): void {
  const printed = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  if (printed.status !== 0) {
    console.error(printed.stderr);
    process.exit(1);
  }
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, printed.stdout);
  } else if (printed.stdout !== readFileSync(path, 'utf8')) {
    console.error(`${path} is not what the code says: run ${command} and commit it`);
    process.exit(1);
  }
}
