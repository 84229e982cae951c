/**
 * A function is frozen as soon as it has answered: whatever is under way then goes on, or fails, minutes later. So that nothing is,
 * statements are counted, also those that nobody waits for: the reader of a feed that ends, the last look at a key.
 */
import type { Db } from '../db/client.ts';

export interface QuietDb {
  db: Db;
  /** When no statement is under way. */
  quiet(): Promise<void>;
}

export function quietDb(db: Db): QuietDb {
  const underWay = new Set<Promise<unknown>>();
  const counted = <T>(call: Promise<T>): Promise<T> => {
    underWay.add(call);
    const done = () => underWay.delete(call);
    call.then(done, done);
    return call;
  };
  return {
    db: {
      query: (role, statement) => counted(db.query(role, statement)),
      batch: (role, statements, check) => counted(db.batch(role, statements, check)),
      transaction: (role, run) => counted(db.transaction(role, run)),
      close: () => db.close(),
    },
    quiet: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
