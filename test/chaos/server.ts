/** The shipped process, `node src/entrypoints/node.ts`, as something to kill, freeze and start again at one address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { busyboxImage } from '../support/base-images.ts';
import type { Installation } from './installation.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const startTimeoutMs = 60_000;

export class Server {
  readonly #installation: Installation;
  readonly #env: NodeJS.ProcessEnv;
  readonly #logPath: string;
  #child: ChildProcess | null = null;
  #url = '';

  /** @param env settings beside the installation's own */
  constructor(installation: Installation, name: string, env: NodeJS.ProcessEnv = {}) {
    this.#installation = installation;
    this.#logPath = join(installation.folder, `${name}.log`);
    this.#env = env;
  }

  /** The same at each start after the first, so that clients find it again. */
  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** False once it ended, by a signal or by itself. */
  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Answers once it takes requests. @param env settings beside those of the constructor */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const { cluster, dockerHost, operatorKey } = this.#installation;
    const child = spawn(process.execPath, ['src/entrypoints/node.ts'], {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: cluster.url,
        DOCKER_HOST: dockerHost,
        LONGSHORE_OPERATOR_KEY: operatorKey,
        LONGSHORE_SHARED_IMAGES: busyboxImage,
        LONGSHORE_PORT: this.#url === '' ? '0' : new URL(this.#url).port,
        LONGSHORE_LOG_LEVEL: 'warn',
        ...this.#env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('The server did not start in time')), startTimeoutMs);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`The server ended with ${code}:\n${this.lastWords()}`)));
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          appendFileSync(this.#logPath, chunk);
          const url = /listens on (http:\S+)/.exec(String(chunk))?.[1];
          if (!url) return;
          clearTimeout(timer);
          resolve(url);
        });
      }
    });
  }

  /** Freezes or thaws it. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name);
  }

  /** Answers once it has ended. */
  async end(name: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (!this.#child || !this.isRunning) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(name);
    await ended;
  }

  /** The end of its log. */
  lastWords(): string {
    return readFileSync(this.#logPath, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
  }
}
