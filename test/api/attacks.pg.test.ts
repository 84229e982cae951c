/** What a tenant may try over HTTP to get at others or at the operator's routes. Needs Postgres. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
});
afterAll(() => app?.close());

/** Sends the path as it is written: fetch would tidy it up. */
function raw(method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const { hostname, port } = new URL(app.url);
  const authorization = `Bearer ${app.b.admin.key}`;
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers: { authorization, ...headers } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('the operator’s routes are closed to a tenant’s key, however they are written', () => {
  test.for([
    '/v1/tenants',
    '/v1//tenants',
    '//v1/tenants',
    '/v1/./tenants',
    '/v1/x/../tenants',
    '/v1/%74enants',
    '/v1/tenants%2Ftenant-a',
    '/v1/tenants/tenant-a',
    '/v1/tenants/tenant-a/keys',
    '/v1/containers/..%2F..%2Ftenants',
    '/V1/tenants',
    '/v1/tenants;x',
    '/v1/tenants?_method=GET',
  ])('%s', async (path) => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PATCH', 'DELETE', 'PUT']) {
      expect([400, 403, 404], `${method} ${path}`).toContain(await raw(method, path));
      expect([400, 403, 404]).toContain(await raw('POST', path, { 'x-http-method-override': method }));
    }
    await app.operator.expect(200, 'GET', '/v1/tenants/tenant-a');
  });
});

test('a cursor of one tenant is none of another, nor of other filters', async () => {
  for (const name of ['one', 'two']) await app.a.admin.expect(201, 'POST', '/v1/volumes', { name });
  const { nextCursor } = await app.a.admin.expect<{ nextCursor: string }>(200, 'GET', '/v1/volumes?limit=1');
  await app.a.viewer.expect(200, 'GET', `/v1/volumes?limit=1&cursor=${nextCursor}`);
  await app.b.admin.expect(400, 'GET', `/v1/volumes?limit=1&cursor=${nextCursor}`);
  await app.a.admin.expect(400, 'GET', `/v1/volumes?limit=1&dangling=true&cursor=${nextCursor}`);
});

test('names of one tenant can be taken by another and stay two things', async () => {
  await app.a.admin.expect(201, 'POST', '/v1/networks', { name: 'shop' });
  const mine = await app.b.admin.expect<{ id: string }>(201, 'POST', '/v1/networks', { name: 'shop' });
  await app.b.admin.expect(204, 'DELETE', `/v1/networks/${mine.id}`);
  const theirs = await app.a.admin.expect<{ id: string }>(200, 'GET', '/v1/networks/shop');
  const join = (name: string) => ({ image: app.image, networks: [{ name }] });
  for (const name of [theirs.id, theirs.id.slice(0, 12), 'shop']) {
    await app.b.admin.expect(404, 'POST', '/v1/containers', join(name));
  }
});

test.for(['longshore.install', 'Longshore.tenant', 'LONGSHORE.networks', 'cp.x'])(
  'the label %s is refused',
  async (label) => {
    for (const [path, more] of [
      ['/v1/containers', { image: app.image }],
      ['/v1/volumes', {}],
      ['/v1/networks', { name: 'labelled' }],
    ] as const) {
      await app.b.admin.expect(400, 'POST', path, { ...more, labels: { [label]: 'x' } });
    }
  },
);
