/** The reference of `lambda`: Hono with its own adapter for response streaming, one route, and nothing else. */
import { Hono } from 'hono';
import { streamHandle } from 'hono/aws-lambda';

const app = new Hono().get('/v1/containers/:id', (c) => c.json({ id: c.req.param('id') }));

export const handler = streamHandle(app);
