/** Functions that work in the background: each invocation ends with nothing under way, and without a connection, so that the database may pause. */
import type { Config } from '../config.ts';
import type { Deps } from '../context.ts';
import { functionDeps, once } from './function-deps.ts';
import { quietDb } from './quiet-db.ts';

type Invoked<E, R> = (event: E, context: { getRemainingTimeInMillis(): number }) => Promise<R>;

/**
 * @param run gets how long the function may go on, in milliseconds
 * @param makeDeps at the first invocation
 */
export function background<E, R>(
  config: Config,
  run: (deps: Deps, event: E, remainingMs: () => number) => Promise<R>,
  makeDeps: () => Promise<Deps> = () => functionDeps(config),
): Invoked<E, R> {
  const site = once(async () => {
    const deps = await makeDeps();
    const { db, quiet } = quietDb(deps.db);
    return { deps: { ...deps, db }, quiet };
  });
  return async (event, context) => {
    const { deps, quiet } = await site();
    try {
      return await run(deps, event, () => context.getRemainingTimeInMillis());
    } finally {
      await quiet();
      await deps.db.close();
    }
  };
}
