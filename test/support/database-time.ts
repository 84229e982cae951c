/** The time of a test's database, which everything in it goes by: moved instead of waited for. */
import postgres from 'postgres';
import { connectionOptions } from '../../src/db/client.ts';

export interface DatabaseTime {
  advance(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** @param url the superuser's */
export function databaseTime(url: string): DatabaseTime {
  const sql = postgres({ ...connectionOptions(url), max: 1 });
  let ahead = 0;
  return {
    advance: async (seconds) => {
      ahead += seconds;
      await sql.unsafe(`create or replace function longshore_now() returns timestamptz language sql stable parallel safe
        as $$ select date_trunc('milliseconds', now() + interval '${ahead} seconds') $$`);
    },
    close: () => sql.end(),
  };
}
