/** Facts about the processes of this host, by pid: /proc on Linux, ps elsewhere. Starts and signals nothing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const hasProc = process.platform === 'linux';

/**
 * A string that tells this life of a pid from any other use of the same number, across reboots too.
 * Undefined when no such process runs; a zombie has stopped running.
 */
export function processIdentity(pid: number): string | undefined {
  const [state, start] = (hasProc ? startByProc(pid) : startByPs(pid)) ?? [];
  return state === undefined || /^[ZX]/.test(state) ? undefined : start;
}

/** The arguments the process was started with, program first; empty when it is gone or hides them. */
export function commandLine(pid: number): string[] {
  if (!hasProc) return ps(pid, 'command=')?.split(' ') ?? [];
  return readProc(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [];
}

/** Waits until the process has ended; false when it still runs at the deadline. */
export async function hasEnded(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (processIdentity(pid) !== undefined) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** The pid on the first line of a pid file; undefined when the file is missing or holds anything else. */
export function readPidFile(path: string): number | undefined {
  const pid = Number.parseInt(readProc(path) ?? '', 10);
  return pid > 0 ? pid : undefined;
}

function startByProc(pid: number): [state: string, start: string] | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name in parentheses may hold spaces and parentheses of its own; the fields after it cannot.
  const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [state, `${readProc('/proc/sys/kernel/random/boot_id')?.trim()}/${rest[18]}`];
}

function startByPs(pid: number): [state: string, start: string] | undefined {
  const [state, ...start] = ps(pid, 'state=,lstart=')?.split(/\s+/) ?? [];
  return state === undefined ? undefined : [state, start.join(' ')];
}

/** Files here come and go with their process: a vanished one is an answer, any other failure an error. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function ps(pid: number, columns: string): string | undefined {
  try {
    return (
      execFileSync('ps', ['-o', columns, '-p', String(pid)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || undefined
    );
  } catch {
    return undefined; // ps exits 1 when there is no such process
  }
}
