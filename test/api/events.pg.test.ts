/** A tenant's events over HTTP: pages, streams that are resumed, tickets, gaps. On the memory provider. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statement } from '../../src/db/statements.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startContainer } from '../support/containers.ts';
import { eventsOf, nextEvent } from '../support/event-stream.ts';

interface EventPage {
  items: { seq: number; kind: string; type: string; resourceId: string; actor: unknown; cause: string }[];
  nextCursor: number;
}

let app: TestApp;
let id: string;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
  id = await startContainer(app, ['sleep', '600']);
  await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/stop`);
});
afterAll(() => app.close());

const page = (query: string) => app.a.admin.expect<EventPage>(200, 'GET', `/v1/events?follow=false${query}`);

const follow = async (query: string, headers = {}) => {
  const response = await app.a.admin.send('GET', `/v1/events?${query}`, undefined, headers);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  return eventsOf(response);
};

test('a life is told in order, with who and why, and its numbers have no holes', async () => {
  const { items, nextCursor } = await page(`&resourceId=${id}`);
  expect(items.map(({ type }) => type)).toEqual(['accepted.create', 'created', 'started', 'accepted.stop', 'exited']);
  expect(items[0]).toMatchObject({ kind: 'container', actor: { kind: 'key' }, cause: 'request' });
  expect(items[2]).toMatchObject({ actor: { kind: 'system' } });
  const all = await page('');
  expect(all.items.map(({ seq }) => seq)).toEqual(all.items.map((_, index) => index + 1));
  expect(all.nextCursor).toBe(nextCursor);
});

test('pages go on where the last one ended, and the end is an empty page', async () => {
  const first = await page('&limit=2');
  const second = await page(`&limit=2&after=${first.nextCursor}`);
  expect([...first.items, ...second.items].map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  const last = await page('');
  expect(await page(`&after=${last.nextCursor}`)).toEqual({ items: [], nextCursor: last.nextCursor });
});

test('a client that wants JSON gets a page', async () => {
  const headers = { accept: 'application/json' };
  expect(await app.a.admin.expect(200, 'GET', '/v1/events', undefined, headers)).toMatchObject({ nextCursor: 5 });
});

test('a stream begins with what was, goes on with what comes, and is resumed by the last id', async () => {
  const stream = await follow('');
  for (const seq of [1, 2, 3, 4, 5]) expect(await nextEvent(stream)).toMatchObject({ id: `${seq}`, data: { seq } });
  await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/start`);
  const live = await nextEvent(stream);
  expect(live).toMatchObject({ event: 'message', data: { type: 'accepted.start', resourceId: id } });
  await stream.return();
  // As a browser does it: the same URL, and the header beats what it says.
  const resumed = await follow('after=0', { 'last-event-id': live.id });
  expect(await nextEvent(resumed)).toMatchObject({ data: { type: 'started' } });
  await resumed.return();
});

test('a filtered stream shows nothing else, and "latest" nothing old', async () => {
  const stream = await follow('after=latest&type=exited');
  await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/stop`);
  expect(await nextEvent(stream)).toMatchObject({ data: { type: 'exited', data: { exitCode: 143 } } });
  await stream.return();
});

test('tenants hear nothing of each other', async () => {
  const response = await app.b.admin.send('GET', '/v1/events?after=latest');
  const stream = eventsOf(response);
  await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/start`);
  const made = await app.b.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', { image: app.image });
  expect(await nextEvent(stream)).toMatchObject({ data: { resourceId: made.id } });
  await stream.return();
});

test('a browser follows with a ticket, once', async () => {
  const { ticket } = await app.a.viewer.expect<{ ticket: string }>(201, 'POST', '/v1/tickets');
  const stream = eventsOf(await fetch(`${app.url}/v1/events?ticket=${ticket}`));
  expect(await nextEvent(stream)).toMatchObject({ id: '1' });
  await stream.return();
  expect((await fetch(`${app.url}/v1/events?ticket=${ticket}`)).status).toBe(401);
});

test('a cursor older than what is kept is told of the gap', async () => {
  const { tenantId } =
    (
      await app.deps.db.query(
        'reconciler',
        statement(sql`
    delete from events where seq <= 3 and tenant_id = (select id from tenants where name = 'tenant-a')
    returning tenant_id as "tenantId"`),
      )
    )[0] ?? {};
  expect(tenantId).toBeDefined();
  const stream = await follow('after=1');
  expect(await nextEvent(stream)).toEqual({ id: '3', event: 'gap', data: { after: 1, oldest: 4 } });
  expect(await nextEvent(stream)).toMatchObject({ id: '4', event: 'message' });
  await stream.return();
  const fromTheStart = await follow('');
  expect(await nextEvent(fromTheStart)).toMatchObject({ id: '4', event: 'message' });
  await fromTheStart.return();
});

test.each(['after=-1', 'after=x', 'after=1000000', 'kind=cloud', 'limit=0', 'type=', 'colour=red'])(
  '%s is refused',
  async (query) => {
    const problem = await app.a.admin.expect(400, 'GET', `/v1/events?${query}`);
    expect(problem).toMatchObject({ code: 'invalid', errors: [expect.anything()] });
  },
);
