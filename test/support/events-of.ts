/** What a tenant's feed says of one resource, as its owner reads it. */
import postgres from 'postgres';
import { connectionOptions } from '../../src/db/client.ts';

/** Types in their order. @param url the superuser's */
export async function listEvents(url: string, resourceId: string): Promise<string[]> {
  const sql = postgres({ ...connectionOptions(url), max: 1 });
  try {
    const rows = await sql<{ type: string }[]>`select type from events where resource_id = ${resourceId} order by seq`;
    return rows.map(({ type }) => type);
  } finally {
    await sql.end();
  }
}
