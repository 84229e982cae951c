/** The long poll for a container's state. On the memory provider. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { containerTopic } from '../../src/domain/wakeups.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startContainer } from '../support/containers.ts';
import { waitFor } from '../support/wait-for.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
});
afterAll(() => app.close());
afterEach(() => vi.restoreAllMocks());

const wait = (id: string, query: string) => app.a.admin.expect(200, 'GET', `/v1/containers/${id}/wait?${query}`);

test('it answers when the container has exited by itself', async () => {
  const id = await startContainer(app, ['sh', '-c', 'sleep 0.3; exit 4']);
  expect(await wait(id, 'condition=exited')).toMatchObject({ id, met: true, status: 'exited', exitCode: 4 });
  expect(await wait(id, 'condition=exited&timeoutSeconds=0')).toMatchObject({ met: true });
});

test('it answers when the container runs', async () => {
  const { id } = await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', {
    image: app.image,
    command: ['sleep', '60'],
  });
  const waiting = wait(id, 'condition=running');
  await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/start`);
  expect(await waiting).toMatchObject({ met: true, status: 'running' });
});

test('who waits for a removal is answered by the tombstone; who comes later finds nothing', async () => {
  const id = await startContainer(app, ['sleep', '60']);
  const waits = vi.spyOn(app.deps.wakeups, 'wait').mockClear();
  const waiting = ['removed', 'exited'].map((condition) => wait(id, `condition=${condition}`));
  // Each of the two waits under a signal of its own.
  const ofThisOne = () => waits.mock.calls.filter(([topic]) => topic === containerTopic(id));
  await waitFor(() => new Set(ofThisOne().map(([, , signal]) => signal)).size === 2);
  await app.a.admin.expect(204, 'DELETE', `/v1/containers/${id}?force=true`);
  for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ id, met: true, status: 'removed' });
  await app.a.admin.expect(404, 'GET', `/v1/containers/${id}/wait?condition=removed`);
});

test('a failed start counts as exited', async () => {
  const { id } = await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', {
    image: app.image,
    command: ['no-such-command'],
  });
  await app.a.admin.expect(400, 'POST', `/v1/containers/${id}/start`);
  expect(await wait(id, 'condition=exited')).toMatchObject({ met: true, status: 'failed' });
});

test('at the end of its time it says that the condition was not met', async () => {
  const id = await startContainer(app, ['sleep', '60']);
  expect(await wait(id, 'timeoutSeconds=1')).toMatchObject({ met: false, status: 'running' });
  expect(await wait(id, 'timeoutSeconds=0&condition=removed')).toMatchObject({ met: false });
});

test('another tenant and bad questions are refused', async () => {
  const id = await startContainer(app, ['true']);
  await app.b.admin.expect(404, 'GET', `/v1/containers/${id}/wait`);
  await app.a.admin.expect(400, 'GET', `/v1/containers/${id}/wait?condition=happy`);
  await app.a.admin.expect(400, 'GET', `/v1/containers/${id}/wait?timeoutSeconds=301`);
});
