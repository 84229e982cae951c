/** What all families of faults share: a server, customers at its door, and the rest between faults at which all must agree. */
import { createRandom, type Random } from '../simulation/random.ts';
import { converge } from './audit.ts';
import { Crowd } from './crowd.ts';
import { admitTenant, type Installation, makeInstallation } from './installation.ts';
import { Server } from './server.ts';

export interface Setting {
  /** An Engine that has the busybox image. */
  dockerHost: string;
  /** How often the fault strikes. */
  count: number;
  /** Decides what customers do and when faults strike; the machine decides the rest. */
  seed: number;
  /** Settings of the server beside its usual ones. */
  env?: NodeJS.ProcessEnv;
  /** Ends it early; what was started is taken down all the same. */
  signal?: AbortSignal;
}

export interface Verdict {
  /** What was done and measured, a line each. */
  summary: string[];
  violations: string[];
}

/** What the work comes to, or as soon as the signal aborts its reason. */
export function unlessInterrupted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  const interrupted = new Promise<never>((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, interrupted]);
}

const customers = 6;

export class Trial {
  readonly installation: Installation;
  readonly server: Server;
  readonly crowd: Crowd;
  readonly random: Random;
  readonly violations: string[] = [];
  /** Milliseconds that each rest took to come. */
  readonly times: number[] = [];

  private constructor(installation: Installation, server: Server, crowd: Crowd, random: Random) {
    this.installation = installation;
    this.server = server;
    this.crowd = crowd;
    this.random = random;
  }

  /** Runs `act` on a new installation that serves, and takes it all down again, whatever happens. */
  static async run(
    { dockerHost, seed, env, signal }: Setting,
    act: (trial: Trial) => Promise<string[]>,
  ): Promise<Verdict> {
    await using cleanup = new AsyncDisposableStack();
    const installation = await makeInstallation(dockerHost);
    cleanup.defer(installation.remove);
    const server = new Server(installation, 'server', env);
    await server.start();
    cleanup.defer(() => server.end());
    const key = await admitTenant(installation, server.url);
    const crowd = new Crowd(customers, { url: server.url, key }, seed);
    const trial = new Trial(installation, server, crowd, createRandom(seed, 1));
    const summary = await unlessInterrupted(act(trial), signal);
    await crowd.hold();
    const log = trial.violations.length > 0 ? [`the server said last: ${server.lastWords()}`] : [];
    return { summary: [...summary, ...log], violations: trial.violations };
  }

  /** Waits until every request is answered and rows, Engine and customers agree. What still differs at the deadline is a violation. */
  async rest(after: string, timeoutMs: number): Promise<void> {
    const started = performance.now();
    await this.crowd.hold();
    const wrong = await converge(this.installation, this.crowd.customers, started + timeoutMs - performance.now());
    const tookMs = performance.now() - started;
    this.times.push(tookMs);
    if (tookMs > timeoutMs) wrong.push(`no rest for ${Math.round(tookMs / 1000)} s`);
    if (!this.server.isRunning) wrong.push('the server ended by itself');
    this.violations.push(...[...wrong, ...this.crowd.takeViolations()].map((what) => `after ${after}: ${what}`));
  }

  get hasFailed(): boolean {
    return this.violations.length > 0;
  }

  /** The longest and the median time to rest. */
  get describedTimes(): string {
    const sorted = this.times.toSorted((a, b) => a - b);
    const seconds = (ms = 0) => `${(ms / 1000).toFixed(1)} s`;
    return `max ${seconds(sorted.at(-1))}, median ${seconds(sorted[Math.floor(sorted.length / 2)])}`;
  }
}
