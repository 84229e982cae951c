/** Filters by labels, for every list that has them. */
import { type SQL, sql } from 'drizzle-orm';
import { json } from './statements.ts';

/**
 * Conditions on a jsonb object; null = any value. Two at most, however many labels are asked for: the server keeps every
 * text of a statement that it was once sent.
 */
export function labelsMatch(labels: SQL, wanted: Record<string, string | null> | undefined): SQL[] {
  const asked = Object.entries(wanted ?? {});
  const names = asked.filter(([, value]) => value === null).map(([label]) => label);
  const values = Object.fromEntries(asked.filter(([, value]) => value !== null));
  return [
    names.length > 0 ? [sql`${labels} ?& array(select jsonb_array_elements_text(${json(names)}::jsonb))`] : [],
    Object.keys(values).length > 0 ? [sql`${labels} @> ${json(values)}::jsonb`] : [],
  ].flat();
}
