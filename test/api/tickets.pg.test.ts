/** Tickets: for whom, for what, for how long. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statement } from '../../src/db/statements.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
});
afterAll(() => app.close());

interface Ticket {
  ticket: string | null;
  expiresInSeconds: number;
}

const statusWith = async (ticket: string | null) => {
  const response = await fetch(`${app.url}/v1/events?follow=false&ticket=${ticket}`);
  await response.body?.cancel();
  return response.status;
};

test('a key of any role gets one that works once', async () => {
  for (const client of [app.a.admin, app.a.viewer]) {
    const { ticket, expiresInSeconds } = await client.expect<Ticket>(201, 'POST', '/v1/tickets');
    expect(expiresInSeconds).toBe(30);
    expect(await statusWith(ticket)).toBe(200);
    expect(await statusWith(ticket)).toBe(401);
  }
});

test('two that come with it at the same time do not both get in', async () => {
  const { ticket } = await app.a.admin.expect<Ticket>(201, 'POST', '/v1/tickets');
  const statuses = await Promise.all([1, 2, 3, 4].map(() => statusWith(ticket)));
  expect(statuses.sort()).toEqual([200, 401, 401, 401]);
});

test('it is no good when its time is over, and after its key was revoked', async () => {
  const late = await app.a.admin.expect<Ticket>(201, 'POST', '/v1/tickets');
  await app.deps.db.query('reconciler', statement(sql`update tickets set expires_at = expires_at - interval '31 s'`));
  expect(await statusWith(late.ticket)).toBe(401);
  const made = await app.operator.expect<{ id: string; key: string }>(201, 'POST', '/v1/tenants/tenant-a/keys', {
    name: 'short-lived',
    role: 'admin',
  });
  const headers = { authorization: `Bearer ${made.key}` };
  const answer = await fetch(`${app.url}/v1/tickets`, { method: 'POST', headers });
  const { ticket } = (await answer.json()) as Ticket;
  await app.operator.expect(204, 'DELETE', `/v1/tenants/tenant-a/keys/${made.id}`);
  expect(await statusWith(ticket)).toBe(401);
});

test('it opens streams and nothing else', async () => {
  const { ticket } = await app.a.admin.expect<Ticket>(201, 'POST', '/v1/tickets');
  expect((await fetch(`${app.url}/v1/containers?ticket=${ticket}`)).status).toBe(401);
  expect((await fetch(`${app.url}/v1/tickets?ticket=${ticket}`, { method: 'POST' })).status).toBe(401);
});

test('a replay does not show it again', async () => {
  const headers = { 'idempotency-key': 'ticket' };
  const first = await app.a.admin.expect<Ticket>(201, 'POST', '/v1/tickets', undefined, headers);
  expect(first.ticket).toMatch(/^lst_/);
  expect(await app.a.admin.expect(201, 'POST', '/v1/tickets', undefined, headers)).toEqual({ ...first, ticket: null });
});

test('a key in a URL is refused wherever it is, and never repeated', async () => {
  for (const path of ['/v1/events?ticket=', '/v1/containers?key=', '/v1/containers/']) {
    const answer = await fetch(`${app.url}${path}${app.a.admin.key}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain(app.a.admin.key);
  }
});
