/** Who uses the private Engine right now: one file per use, named by its process. Callers hold the Engine's lock. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, processMark } from './process-lock.ts';

let uses = 0;

/** Counts this process as a user (once more, if it already is one) and returns the path that stands for this use. */
export function addUser(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  uses += 1;
  const path = join(folder, `${process.pid}.${uses}`);
  writeFileSync(path, processMark(), { mode: 0o600 });
  return path;
}

/** Forgets the users that died without saying so, and counts the others. */
export function countLiveUsers(folder: string): number {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const dead = paths.filter((path) => !isAlive(readFileSync(path, 'utf8')));
  for (const path of dead) rmSync(path);
  return paths.length - dead.length;
}
