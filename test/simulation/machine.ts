/** What runs the containers of a simulated world, as the world itself sees it: past all lag, lost answers and faults. */

import type { Ids } from '../../src/domain/clock.ts';
import type { Resources } from '../../src/domain/container-spec.ts';
import type { Endpoint } from '../../src/domain/network.ts';
import type { Hint, Provider, ProviderEvent } from '../../src/providers/provider.ts';
import type { BoundaryContext } from './boundaries.ts';
import type { Mutant } from './mutants.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

/** A run as it really is. */
export interface TrueRun {
  key: string;
  containerId: string;
  incarnation: number;
  /** `absent`: something of it is left, and it is not. */
  phase: 'created' | 'running' | 'paused' | 'exited' | 'absent';
  /** Null where the machine does not tell. */
  resources: Resources | null;
  networks: Record<string, Endpoint> | null;
  /** It was told to start a moment ago. */
  isStarting: boolean;
  /** It never starts again once it has ended. */
  endsOnce: boolean;
}

export type Heard = Hint | ProviderEvent;

/** The part of a simulation that a machine lives in. */
export interface Surroundings {
  scheduler: Scheduler;
  random: Random;
  /** Neither crashes nor freezes. */
  outside: Owner;
  mutant: Mutant | null;
  /** Something happened to a container. */
  onHint(hint: Heard): void;
}

export interface Machine {
  /** A run that has ended never starts again. */
  endsOnce: boolean;
  /** How long everything may take to come to rest: once without faults, then after what sweeps found, then once more. */
  calmSeconds: readonly number[];
  mostMoves: number;
  mostSteps: number;
  /** The provider as one process has it, interrupted and failing at its boundaries. @param skewMs how wrong the process's clock is */
  providerOf(process: BoundaryContext, ids: Ids, skewMs: number): Provider;
  /** Whether the log tells this error because of a defect of ours. */
  isDefect(error: unknown): boolean;
  runs(): TrueRun[];
  /** Whose process lives. */
  up(): { containerId: string; key: string }[];
  /** What went wrong in it since it was asked last, at any instant. */
  watch?(): string[];
  /** A process ends by itself; answers whose. */
  exitOne(): string | null;
  /** Something takes a container away; answers whose. */
  takeOne(): string | null;
  /** What was wrong in the machine itself. */
  defects(): string[];
  close(): Promise<void>;
}
