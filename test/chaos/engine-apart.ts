/**
 * An Engine of its own to maltreat: the private Engine of `npm run up`, in network and mount namespaces of its own, because
 * beside another one it would take that one's bridge away. Its socket is reached from everywhere. Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasEnded, readPidFile } from '../../scripts/processes.ts';
import { makeBusyboxImage } from '../support/base-images.ts';
import { run, type TestProcess } from '../support/child.ts';
import { openDocker } from '../support/engine.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export class EngineApart {
  readonly #folder = mkdtempSync(join(tmpdir(), 'longshore-chaos-engine-'));
  /** Keeps the namespaces while no Engine runs in them. */
  readonly #holder: ChildProcess;
  /** Its users: the first one that finds it away starts it, and the last one to leave stops it. */
  readonly #users: TestProcess[] = [];

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** Answers once it runs and has the busybox image. */
  static async start(): Promise<EngineApart> {
    const keep = 'ip link set lo up && echo up && exec sleep infinity';
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', keep], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    const engine = new EngineApart(holder);
    try {
      await engine.ensure();
      await makeBusyboxImage(openDocker(engine.dockerHost));
      return engine;
    } catch (error) {
      await engine.remove();
      throw error;
    }
  }

  get dockerHost(): string {
    return `unix://${this.#folder}/run/engine.sock`;
  }

  /** Answers once it runs. */
  async ensure(): Promise<void> {
    const wrapper = ['nsenter', '--target', `${this.#holder.pid}`, '--net', '--mount', `--wd=${root}`];
    const user = run('test/scripts/engine-user.ts', [this.#folder], { wrapper });
    this.#users.push(user);
    await user.nextLine();
  }

  /** SIGTERM and SIGKILL are answered when it has ended; SIGSTOP freezes it until SIGCONT. */
  async signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const pid = readPidFile(join(this.#folder, 'run/engine.pid'));
    if (pid === undefined) throw new Error('The Engine does not run');
    process.kill(pid, name);
    const ends = name === 'SIGTERM' || name === 'SIGKILL';
    if (ends && !(await hasEnded(pid, 60_000))) throw new Error(`The Engine survives ${name}`);
  }

  /** With its containers and all that it stored. */
  async remove(): Promise<void> {
    for (const user of this.#users) await user.end('SIGTERM');
    this.#holder.kill('SIGKILL');
    await hasEnded(this.#holder.pid ?? 0, 5_000);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
