/** Filters by labels, for every list that has them. */
import { type SQL, sql } from 'drizzle-orm';

/** One condition a label on a jsonb object; null = any value. */
export function labelsMatch(labels: SQL, wanted: Record<string, string | null> | undefined): SQL[] {
  return Object.entries(wanted ?? {}).map(([label, value]) =>
    value === null ? sql`${labels} ? ${label}` : sql`${labels}->>${label} = ${value}`,
  );
}
