/**
 * Two servers of one installation, one of which sleeps past its leases while the other goes on with its work, and then wakes:
 * what it still believes must change no row, and what it still makes must go with the next sweeps.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyboxImage } from '../support/base-images.ts';
import { type EngineProxy, startEngineProxy } from './engine-proxy.ts';
import { exchange, type Reply } from './exchange.ts';
import { takeBreaches, watchFences } from './fence-watch.ts';
import { LateObjects } from './late-objects.ts';
import { Server } from './server.ts';
import { type Setting, Trial, type Verdict } from './trial.ts';

const calmMs = 1_500;
/** Longer than a lease, which is 6 s. */
const sleepMs = 6_500;
const sleepSpreadMs = 3_000;
/** A lease, a retry and two sweeps. */
const convergeMs = 30_000;
const sweeps = { LONGSHORE_SWEEP_SECONDS: '2' };

export function zombies(setting: Setting): Promise<Verdict> {
  return Trial.run({ ...setting, env: { ...setting.env, ...sweeps } }, async (trial) => {
    const { installation, server, crowd } = trial;
    await watchFences(installation);
    await using cleanup = new AsyncDisposableStack();
    const proxy = await startEngineProxy(
      setting.dockerHost,
      join(installation.folder, 'zombie-engine.sock'),
      setting.seed,
    );
    cleanup.defer(proxy.close);
    const named = new URL(installation.cluster.url);
    named.searchParams.set('application_name', 'zombie');
    const zombie = new Server(installation, 'zombie', {
      ...sweeps,
      DATABASE_URL: named.href,
      DOCKER_HOST: proxy.dockerHost,
    });
    await zombie.start();
    cleanup.defer(() => zombie.end());
    const late = new LateObjects(installation, server);
    late.begin();
    cleanup.defer(() => late.end());

    const sleeper = new Sleeper(trial, zombie, proxy);
    for (let round = 0; round < setting.count && !trial.hasFailed; round++) {
      crowd.moveTo(zombie.url);
      crowd.begin();
      await sleep(trial.random.below(calmMs));
      if (round % 2 === 0) await sleeper.sleepAnywhere();
      else await sleeper.sleepInCreate(`late-${round}`);
      await sleep(trial.random.below(calmMs));
      await trial.rest(`sleep ${round}`, convergeMs);
      if (!zombie.isRunning) trial.violations.push(`the zombie ended by itself: ${zombie.lastWords()}`);
      trial.violations.push(...(await takeBreaches(installation)), ...late.violations.splice(0));
    }
    trial.violations.push(...crowd.errors.filter((reply) => !sleeper.excuses(reply)).map(describe));
    return [
      `${trial.times.length} times a server slept past its leases; ${crowd.acknowledged} operations acknowledged, ${crowd.cutOff} asked again elsewhere`,
      `0 writes under an old fence expected; ${late.count} objects came late, the longest was there for ${late.longest} sweeps`,
      `converged after each: ${trial.describedTimes}`,
    ];
  });
}

class Sleeper {
  readonly #trial: Trial;
  readonly #zombie: Server;
  readonly #proxy: EngineProxy;
  /** By performance.now(). */
  readonly #sleeps: { fromMs: number; untilMs: number }[] = [];

  constructor(trial: Trial, zombie: Server, proxy: EngineProxy) {
    this.#trial = trial;
    this.#zombie = zombie;
    this.#proxy = proxy;
  }

  /** At whatever it is doing; its customers go to the other one. */
  async sleepAnywhere(): Promise<void> {
    await this.#sleep(() => sleep(sleepMs + this.#trial.random.below(sleepSpreadMs)));
  }

  /** With the create of a container under way to the Engine, where it arrives when everybody else has forgotten that container. */
  async sleepInCreate(name: string): Promise<void> {
    for (let attempt = 1; !(await this.#sleptInCreate(`${name}-${attempt}-`)); attempt++);
  }

  /** False: the other server, or nobody, made the container. */
  async #sleptInCreate(name: string): Promise<boolean> {
    const { server, crowd } = this.#trial;
    const body = { name, image: busyboxImage, command: ['sleep', '100000'], start: true };
    const called = Promise.withResolvers<'called'>();
    const awake = Promise.withResolvers<void>();
    this.#proxy.before = async (call) => {
      if (!call.path.includes('/containers/create') || !call.body.includes(name)) return;
      called.resolve('called');
      await awake.promise;
    };
    const giveUp = new AbortController();
    const asked = exchange(
      { url: this.#zombie.url, key: crowd.key, gaveUp: giveUp.signal },
      { method: 'POST', path: '/v1/containers', body },
    );
    const isCalled = (await Promise.race([called.promise, asked])) === 'called';
    if (isCalled) {
      await this.#sleep(async () => {
        giveUp.abort();
        await asked;
        await sleep(sleepMs);
        await this.#removeAt(server.url, name);
        awake.resolve();
      });
    } else {
      await this.#removeAt(server.url, name);
    }
    this.#proxy.before = null;
    return isCalled;
  }

  /** 503 with Retry-After, of a request that met one who slept with locks of the database. */
  excuses({ status, retryAfter, startedMs, endedMs }: Reply): boolean {
    if (status !== 503 || retryAfter === null) return false;
    return this.#sleeps.some(({ fromMs, untilMs }) => startedMs <= untilMs && endedMs >= fromMs);
  }

  async #sleep(meanwhile: () => Promise<void>): Promise<void> {
    const { server, crowd } = this.#trial;
    const fromMs = performance.now();
    this.#zombie.signal('SIGSTOP');
    crowd.moveTo(server.url);
    await meanwhile();
    this.#zombie.signal('SIGCONT');
    this.#sleeps.push({ fromMs, untilMs: performance.now() });
  }

  /** By a client of its own, until it is gone. */
  async #removeAt(url: string, name: string): Promise<void> {
    const request = { method: 'DELETE', path: `/v1/containers/${name}?force=true` } as const;
    for (;;) {
      const outcome = await exchange({ url, key: this.#trial.crowd.key }, request);
      if (typeof outcome !== 'string' && (outcome.status === 204 || outcome.status === 404)) return;
      await sleep(200);
    }
  }
}

const describe = ({ status, text }: Reply) => `answered ${status} though nobody slept, or without Retry-After: ${text}`;
