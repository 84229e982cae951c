/**
 * The private Engine's daemon: starts it, clears what a killed one left behind, and stops it. One per host, because a second
 * dockerd takes the first one's bridge away. Who may use it and when it ends is engine.ts's business; callers hold its lock.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isUsableEngine } from './engine-address.ts';
import { commandLine, hasEnded } from './processes.ts';

/** Where a private Engine lives: `folder` for what ends with the host's uptime, `dataRoot` for images and containers. */
export type EnginePlace = {
  folder: string;
  dataRoot: string;
  /** How long an Engine may take to start, or a living one to answer again, before it counts as hung. */
  patienceMs: number;
};

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The DOCKER_HOST of the private Engine. */
export function privateHost(place: EnginePlace): string {
  return `unix://${join(place.folder, 'engine.sock')}`;
}

/** Whether this host has what a private Engine needs. */
export function hasDockerd(): boolean {
  return ['dockerd', 'iptables'].every((name) =>
    searchPath()
      .split(delimiter)
      .some((folder) => existsSync(join(folder, name))),
  );
}

/** Makes the private Engine answer, starting it when it does not run. Throws with the end of its log. */
export async function ensureDockerd(place: EnginePlace, log: (line: string) => void): Promise<void> {
  const host = privateHost(place);
  if (await isUsableEngine(host)) return;
  const living = daemons(place, 'dockerd');
  if (living.length > 0 && (await answersInTime(place, () => daemons(place, 'dockerd').length > 0))) return;
  if (living.length > 0) log(`the Engine of process ${living.join(', ')} does not answer: replacing it`);
  await clearRemains(place);
  await startDockerd(place, host);
}

/** Ends the private Engine; its containers stop with it. */
export async function stopDockerd(place: EnginePlace): Promise<void> {
  const pids = daemons(place, 'dockerd');
  for (const pid of pids) process.kill(pid, 'SIGTERM');
  // dockerd gives its containers 15 s of their own before it kills them.
  await Promise.all(pids.map((pid) => hasEnded(pid, 40_000)));
  await clearRemains(place);
}

async function startDockerd(place: EnginePlace, host: string): Promise<void> {
  const logPath = join(place.folder, 'engine.log');
  mkdirSync(place.dataRoot, { recursive: true, mode: 0o711 });
  raiseWalls();
  const output = openSync(logPath, 'w', 0o600);
  const child = spawn(
    'dockerd',
    [
      '-H',
      host,
      '--pidfile',
      join(place.folder, 'engine.pid'),
      '--exec-root',
      join(place.folder, 'exec'),
      '--data-root',
      place.dataRoot,
      // Docker's own pools hold 31 networks; each tenant has at least one.
      '--default-address-pool',
      'base=172.16.0.0/12,size=24',
    ],
    { cwd: '/', detached: true, stdio: ['ignore', output, output], env: { ...process.env, PATH: searchPath() } },
  );
  closeSync(output);
  let failure: string | undefined;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code, signal) => (failure = `it ended with ${signal ?? `code ${code}`}`));
  child.unref();
  if (await answersInTime(place, () => failure === undefined)) return;
  const lastLines = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
  throw new Error(`The private Docker Engine did not start: ${failure ?? 'it does not answer'}.\n${lastLines}`);
}

/**
 * From a container no other network's are reached, nor the cloud's metadata service, which hands out the host's credentials. dockerd's own
 * wall is not enough: it takes the jump to its chains away and sets it again whenever a network is made (libnetwork's EnsureJumpRule), and
 * a connection that is made in between gets through. This table it leaves alone. What goes from one port of a bridge to another stays.
 */
const walls = [
  '*mangle',
  ':LONGSHORE - [0:0]',
  ...['br-+', 'docker0'].map((bridge) => `-A LONGSHORE -i ${bridge} -d 169.254.0.0/16 -j DROP`),
  '-A LONGSHORE -m physdev --physdev-is-bridged -j RETURN',
  ...['-i br-+ -o br-+', '-i br-+ -o docker0', '-i docker0 -o br-+'].map((way) => `-A LONGSHORE ${way} -j DROP`),
  'COMMIT',
  '',
].join('\n');

function raiseWalls(): void {
  const run = (program: string, args: string[], input = '') =>
    spawnSync(program, ['-w', ...args], { input, encoding: 'utf8', env: { ...process.env, PATH: searchPath() } });
  const jump = ['-t', 'mangle', '-j', 'LONGSHORE'];
  let done = run('iptables-restore', ['--noflush'], walls);
  const isReached = done.status === 0 && run('iptables', ['-C', 'FORWARD', ...jump]).status === 0;
  if (done.status === 0 && !isReached) done = run('iptables', ['-I', 'FORWARD', ...jump]);
  if (done.status === 0) return;
  throw new Error(`iptables refused the walls between the private Docker Engine's networks: ${done.stderr.trim()}`);
}

async function answersInTime(place: EnginePlace, isWorthWaiting: () => boolean): Promise<boolean> {
  const deadline = performance.now() + place.patienceMs;
  while (isWorthWaiting() && performance.now() < deadline) {
    if (await isUsableEngine(privateHost(place))) return true;
    await sleep(50);
  }
  return false;
}

/**
 * Removes what keeps a new daemon from starting: a hung dockerd, the containerd of a killed one, and their pid files, which
 * both programs trust even when the pid has become somebody else's. With their shims go the containers, as in a power cut: one
 * that the dead daemon was just starting is unknown to the new one, and could never be started again.
 */
async function clearRemains(place: EnginePlace): Promise<void> {
  const programs = ['dockerd', 'containerd', 'containerd-shim-runc-v2'] as const;
  const pids = programs.flatMap((program) => daemons(place, program));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await Promise.all(pids.map((pid) => hasEnded(pid, 5_000)));
  for (const name of ['engine.pid', 'engine.sock', 'exec/containerd/containerd.pid'])
    rmSync(join(place.folder, name), { force: true });
  clearTasks(place);
}

/** What was running or about to: containerd keeps the folder of a task that it no longer knows, and refuses to make it again. */
function clearTasks(place: EnginePlace): void {
  const exec = join(place.folder, 'exec');
  const tasks = join(exec, 'containerd/daemon/io.containerd.runtime.v2.task');
  const env = { ...process.env, PATH: searchPath() };
  for (const namespace of existsSync(tasks) ? readdirSync(tasks) : []) {
    for (const id of readdirSync(join(tasks, namespace))) {
      spawnSync('runc', ['--root', join(exec, 'runtime-runc', namespace), 'delete', '--force', id], { env });
      spawnSync('rm', ['-rf', '--one-file-system', join(tasks, namespace, id)], { env });
    }
  }
}

/** The pids of this place's daemons with that program name, found by the folder in their arguments rather than by a pid file. */
function daemons(place: EnginePlace, program: 'dockerd' | 'containerd' | 'containerd-shim-runc-v2'): number[] {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
  return pids.filter((pid) => {
    const [name, ...args] = commandLine(pid);
    return name !== undefined && basename(name) === program && args.some((arg) => arg.includes(`${place.folder}/`));
  });
}

function searchPath(): string {
  return [process.env.PATH, systemPath].filter(Boolean).join(delimiter);
}
