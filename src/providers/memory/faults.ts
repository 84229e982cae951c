/** Where tests and the simulator reach into a memory provider: around each call, and into what an observation answers. */
import { AppError } from '../../domain/errors.ts';
import type { CallOptions, Observation } from '../provider.ts';

export interface ProviderCall {
  /** As in the port: `create`, `networks.ensure` … */
  name: string;
  /** The provider key of what it is about, or the image's id or reference; null where there is none. */
  key: string | null;
}

export interface Faults {
  /** Awaited before the effect: may wait, may throw (then nothing was done). */
  before?(call: ProviderCall, signal: AbortSignal): Promise<void>;
  /** Awaited after the effect: may wait, may throw (then it was done and the reply is lost). */
  after?(call: ProviderCall, signal: AbortSignal): Promise<void>;
  /** Chooses what an observation answers among the last states, oldest first, of which the last is the truth. */
  answer?(key: string, history: readonly Observation[]): Observation;
}

type Call = <Args extends unknown[], Result>(
  name: string,
  effect: (...args: Args) => Result,
) => (...args: Args) => Promise<Result>;

/** Makes calls of the port, whose last argument is CallOptions, from effects on the world: each between its faults, none after its deadline. */
export function callsWith(faults: Faults): Call {
  return (name, effect) =>
    async (...args) => {
      const { signal } = args.at(-1) as CallOptions;
      const call = { name, key: subjectOf(args[0]) };
      await faults.before?.(call, signal);
      if (signal.aborted) {
        throw new AppError('timeout', 'The provider did not answer in time.', { cause: signal.reason });
      }
      const result = await effect(...args);
      await faults.after?.(call, signal);
      return result;
    };
}

function subjectOf(argument: unknown): string | null {
  if (typeof argument === 'string') return argument;
  const hasKey = typeof argument === 'object' && argument !== null && 'key' in argument;
  return hasKey && typeof argument.key === 'string' ? argument.key : null;
}
