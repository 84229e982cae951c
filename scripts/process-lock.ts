/**
 * A lock file that names its holder, so that a lock left by a killed process is taken over at once.
 * Holds between processes of one host; within one process the second taker waits like any other.
 */

import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from './processes.ts';

/** Takes the lock and returns what gives it back, or undefined when a living process holds it. */
export function tryLock(path: string): (() => void) | undefined {
  if (create(path)) return () => rmSync(path, { force: true });
  const holder = readHolder(path);
  if (holder === undefined) return tryLock(path); // given back in between
  if (isAlive(holder)) return undefined;
  // Only one process may remove a dead holder's lock: another one's look at it may be older than a new holder.
  const unlockTakeover = tryLock(`${path}.takeover`);
  if (!unlockTakeover) return undefined;
  try {
    if (readHolder(path) === holder) rmSync(path);
  } finally {
    unlockTakeover();
  }
  return tryLock(path);
}

/** Waits for the lock and runs `work` under it. Throws when a living process keeps it past the deadline. */
export async function withLock<T>(path: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let unlock = tryLock(path);
  while (!unlock) {
    if (performance.now() > deadline)
      throw new Error(`Process ${readHolder(path)?.split(' ')[0]} has held ${path} for too long.`);
    await sleep(50);
    unlock = tryLock(path);
  }
  try {
    return await work();
  } finally {
    unlock();
  }
}

/** What a lock, or any other mark of a process, holds: `pid identity`. */
export function processMark(): string {
  return `${process.pid} ${processIdentity(process.pid)}`;
}

/** Whether the process that wrote this mark still runs. */
export function isAlive(mark: string): boolean {
  const space = mark.indexOf(' ');
  return processIdentity(Number(mark.slice(0, space))) === mark.slice(space + 1);
}

/** Links a complete file into place: a reader never meets a lock without its holder. */
function create(path: string): boolean {
  const complete = `${path}.${randomUUID()}`;
  writeFileSync(complete, processMark(), { mode: 0o600 });
  try {
    linkSync(complete, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(complete);
  }
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
