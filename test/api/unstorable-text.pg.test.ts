/** Text that Postgres cannot keep is the caller's mistake wherever it stands. Needs Postgres. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
});
afterAll(() => app?.close());

it.each([
  '/v1/containers/%00',
  '/v1/containers?name=%00',
  '/v1/containers?label=a%3D%00',
  '/v1/images/%00',
  '/v1/images?label=%00',
  '/v1/networks/%00',
  '/v1/volumes/%00',
])('NUL in GET %s', async (path) => {
  await app.a.admin.expect(400, 'GET', path);
});

it.each(['\0', 'half \ud800'])('%j in a body', async (text) => {
  const { admin } = app.a;
  const labels = { note: text };
  await admin.expect(400, 'POST', '/v1/volumes', { name: 'v', labels });
  await admin.expect(400, 'POST', '/v1/networks', { name: 'n', labels });
  await admin.expect(400, 'POST', '/v1/containers', { image: app.image, name: 'c', env: { NOTE: text } });
  await admin.expect(400, 'POST', '/v1/images/pull', { reference: `app:${text}` });
  await admin.expect(400, 'POST', `/v1/images/${encodeURIComponent(app.image)}/tags`, { repository: 'x', tag: text });
  for (const path of ['/v1/volumes/v', '/v1/networks/n', '/v1/containers/c']) {
    expect((await admin.send('GET', path)).status).toBe(404);
  }
});
