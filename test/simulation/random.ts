/** Seeded randomness: the same seed and schedule number give the same choices everywhere. */
import type { Ids } from '../../src/domain/clock.ts';

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** sfc32 over a state mixed from both numbers: small, fast and good enough to explore schedules. */
export function createRandom(seed: number, stream: number): Random {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x9e3779b9, 1];
  const step = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let round = 0; round < 15; round++) step();
  const next = () => step() / 2 ** 32;
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('picked from nothing');
      return item;
    },
  };
}

export function seededIds(random: Random): Ids {
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
  const hex = (length: number) => Buffer.from(bytes(length)).toString('hex');
  return {
    bytes,
    hex64: () => hex(32),
    uuid: () => `${hex(4)}-${hex(2)}-4${hex(2).slice(1)}-a${hex(2).slice(1)}-${hex(6)}`,
    fraction: random.next,
  };
}
