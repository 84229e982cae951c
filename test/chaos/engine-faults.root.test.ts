import { expect, it } from 'vitest';
import { engineFaults } from './engine-faults.ts';

it('nothing that was acknowledged is lost or doubled by an Engine that is killed, frozen and restarted', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { violations } = await engineFaults({ dockerHost: 'of its own', count: 4, seed });
  expect(violations, `--seed ${seed}`).toEqual([]);
}, 400_000);
