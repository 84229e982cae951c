/** What all accounts and regions of one fake share. */
import type { FakeClock } from './clock.ts';
import type { Habits } from './habits.ts';
import type { Identities } from './identities.ts';

/** A request that AWS would not have taken as it is meant. Tests assert that there is none. */
export interface Violation {
  action: string;
  problem: string;
}

export interface World {
  clock: FakeClock;
  habits: Habits;
  identities: Identities;
  violations: Violation[];
  /** Defects of the fake itself or of its machine, which no answer could carry. */
  failures: unknown[];
  /** Where the fake listens, such as `http://127.0.0.1:4000`. */
  url: string;
}
