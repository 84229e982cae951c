/**
 * The reference of `get`: Hono on the same adapter, the same driver with as many connections, one prepared select by primary
 * key, and nothing else. A process of its own.
 */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import postgres from 'postgres';
import { connectionOptions } from '../src/db/client.ts';
import { CONNECTIONS } from './server.ts';

const sql = postgres({ ...connectionOptions(process.env.DATABASE_URL ?? ''), max: CONNECTIONS });
const app = new Hono().get('/containers/:tenant/:id', async (c) => {
  const [row] =
    await sql`select * from containers where tenant_id = ${c.req.param('tenant')} and id = ${c.req.param('id')}`;
  return c.json(row);
});
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`The bare handler listens on http://127.0.0.1:${port}`);
});
process.once('SIGTERM', () => process.exit(0));
