/** Whose turn it is among the parts of a sweep that is short of time: all that such a sweep has to remember. */
import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { json, param, prepare } from './statements.ts';

const inOrder =
  prepare(sql`select p.part from jsonb_array_elements_text(${param('parts', 'jsonb')}) with ordinality as p(part, place)
  left join sweep_turns t on t.part = p.part order by t.begun_at nulls first, p.place`);

/** The parts, those first that have waited longest for a turn. */
export async function turns(db: Db, parts: string[]): Promise<string[]> {
  return (await db.query('reconciler', inOrder({ parts: json(parts) }))).map(({ part }) => String(part));
}

const begin = prepare(sql`insert into sweep_turns (part, begun_at) values (${param('part', 'text')}, longshore_now())
  on conflict (part) do update set begun_at = excluded.begun_at`);

/** Recorded before the part is done, so that one that never ends keeps no other waiting. */
export async function beginTurn(db: Db, part: string): Promise<void> {
  await db.query('reconciler', begin({ part }));
}
