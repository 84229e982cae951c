import { expect, it } from 'vitest';
import { makeBusyboxImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { kills } from './kills.ts';
import { postgresFaults } from './postgres-faults.ts';
import { proxyFaults } from './proxy-faults.ts';
import type { Setting, Verdict } from './trial.ts';
import { zombies } from './zombies.ts';

/** The families of `npm run chaos` in counts that fit into every run; a failure prints the seed to repeat it with. */
async function strike(family: (setting: Setting) => Promise<Verdict>, count: number): Promise<void> {
  const dockerHost = testDockerHost();
  await makeBusyboxImage(openDocker(dockerHost));
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { violations } = await family({ dockerHost, count, seed });
  expect(violations, `--seed ${seed}`).toEqual([]);
}

it('nothing that was acknowledged is lost or doubled by 10 kills of the server', () => strike(kills, 10), 240_000);

it('nor by an Engine whose answers get lost, late or doubled', () => strike(proxyFaults, 100), 240_000);

it('nor by a Postgres that restarts and drops connections', () => strike(postgresFaults, 4), 240_000);

it('nor by a server that sleeps past its leases and wakes', () => strike(zombies, 2), 240_000);
