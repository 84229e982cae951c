/** A request's body as it comes, for routes that body-limit.ts lets through: never gathered, read as fast as it is taken. */
import type { Context } from 'hono';
import type { Environment } from './environment.ts';

/** Ends with an error when the client breaks off. Whoever stops reading leaves the rest to the server, which drops it. */
export function uploadOf(c: Context<Environment>): AsyncIterable<Uint8Array> {
  const incoming = c.env?.incoming;
  return incoming ? incoming.iterator({ destroyOnReturn: false }) : (c.req.raw.body ?? nothing());
}

async function* nothing(): AsyncGenerator<Uint8Array, void> {}
