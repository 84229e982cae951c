/** A process that stops for ever in the middle of its work, as a function does that is killed: its step is never taken. */
import type { Deps } from '../../src/context.ts';

/** Runs the work until its n-th call to the database or the provider. Answers whether it got so far. */
export async function killedAt(deps: Deps, step: number, work: (deps: Deps) => Promise<unknown>): Promise<boolean> {
  const dead = Promise.withResolvers<true>();
  let steps = 0;
  const mortal =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      steps += 1;
      if (steps < step) return call(...args);
      dead.resolve(true);
      return new Promise<never>(() => {});
    };
  const { db, provider } = deps;
  const mortalDeps: Deps = {
    ...deps,
    workerId: `${deps.workerId}-${step}`,
    db: {
      query: mortal(db.query),
      batch: mortal(db.batch),
      // What is asked within it is one step, as it is for the others.
      transaction: (role, run) =>
        mortal((): Promise<Awaited<ReturnType<typeof run>>> => db.transaction(role, run) as never)(),
      close: async () => {},
    },
    provider: { ...provider, observe: mortal(provider.observe), listOwned: mortal(provider.listOwned) },
  };
  return Promise.race([dead.promise, work(mortalDeps).then(() => false)]);
}
