/**
 * One Postgres server process on one data folder, listening on a Unix socket only: starts it, finds one that a killed
 * parent left behind, and stops it. Callers see to it that a data folder has one owner at a time.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveTo, type PostgresUser } from './postgres-binaries.ts';
import { commandLine, hasEnded, processIdentity, readPidFile } from './processes.ts';

export type Postmaster = {
  /** The complete command line of the server, program first. */
  command: string[];
  dataFolder: string;
  socketFolder: string;
  logPath: string;
  user: PostgresUser;
};

/** A killed server's children hold its shared memory for a moment; recovery after a crash takes its time too. */
const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

/** The pid of a server that runs this very command as this user and accepts connections, started here unless there is one. */
export async function runPostmaster(server: Postmaster): Promise<number> {
  const left = livingPostmaster(server);
  if (left !== undefined && isSameServer(left, server) && (await isReady(server, left))) return left;
  if (left !== undefined) await stopPostmaster(left);
  clearStaleFiles(server);
  giveTo(server.dataFolder, server.user.owner);

  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const logStart = statSync(server.logPath, { throwIfNoEntry: false })?.size ?? 0;
    const pid = await startOnce(server);
    if (await isReady(server, pid)) return pid;
    const words = readFileSync(server.logPath, 'utf8').slice(logStart).trim();
    const isHeldByDyingServer = /shared memory block .* is still in use/.test(words);
    if (!isHeldByDyingServer || performance.now() > deadline) {
      throw new Error(`Postgres did not start (${server.logPath}):\n${words.split('\n').slice(-5).join('\n')}`);
    }
    await sleep(100);
  }
}

/** Shuts the server down cleanly, cutting off its clients; at the deadline, without waiting for its last checkpoint. */
export async function stopPostmaster(pid: number): Promise<void> {
  if (processIdentity(pid) === undefined) return;
  process.kill(pid, 'SIGINT');
  if (await hasEnded(pid, stopTimeoutMs)) return;
  process.kill(pid, 'SIGQUIT');
  await hasEnded(pid, stopTimeoutMs);
}

async function startOnce({ command, user, logPath }: Postmaster): Promise<number> {
  const [program = '', ...args] = [...user.prefix, ...command];
  const output = openSync(logPath, 'a', 0o600);
  // Detached: Ctrl-C is for the command that owns the server, which stops it when its own work has ended.
  const child = spawn(program, args, { ...user.identity, cwd: '/', detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  return child.pid ?? 0;
}

/** Waits while the process lives; true once its own pid file says that it accepts connections. */
async function isReady({ dataFolder }: Postmaster, pid: number): Promise<boolean> {
  const deadline = performance.now() + startTimeoutMs;
  while (processIdentity(pid) !== undefined && performance.now() < deadline) {
    const lines = readPidLines(dataFolder);
    if (Number(lines[0]) === pid && lines[7]?.trim() === 'ready') return true;
    await sleep(10);
  }
  return false;
}

function livingPostmaster({ dataFolder }: Postmaster): number | undefined {
  const pid = readPidFile(join(dataFolder, 'postmaster.pid'));
  return pid !== undefined && commandLine(pid).includes(dataFolder) ? pid : undefined;
}

function isSameServer(pid: number, { command, dataFolder, user }: Postmaster): boolean {
  const isSameUser = user.owner === undefined || user.owner === statSync(dataFolder).uid;
  return isSameUser && commandLine(pid).join('\0') === command.join('\0');
}

/**
 * Postgres takes any process, even a zombie, with the pid of these files for a server, so they go once none is left. What
 * keeps two servers apart is its check of the shared memory, which finds a dying server's children without the files.
 */
function clearStaleFiles({ dataFolder, socketFolder }: Postmaster): void {
  for (const path of [join(dataFolder, 'postmaster.pid'), join(socketFolder, '.s.PGSQL.5432.lock')]) {
    rmSync(path, { force: true });
  }
}

function readPidLines(dataFolder: string): string[] {
  try {
    return readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
