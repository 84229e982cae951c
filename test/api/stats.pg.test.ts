/** Measuring a container, and its processes, over HTTP. On the memory provider. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startContainer } from '../support/containers.ts';
import { eventsOf, nextEvent } from '../support/event-stream.ts';

let app: TestApp;
let id: string;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
  id = await startContainer(app, ['sleep', '600']);
});
afterAll(() => app.close());

const sample = { at: expect.any(String), cpuPercent: expect.any(Number), memoryBytes: expect.any(Number), pids: 1 };

test('one sample by default', async () => {
  expect(await app.a.admin.expect(200, 'GET', `/v1/containers/${id}/stats`)).toMatchObject(sample);
});

test('as server-sent events one sample after the other', async () => {
  const headers = { accept: 'text/event-stream' };
  const stream = eventsOf(await app.a.admin.send('GET', `/v1/containers/${id}/stats`, undefined, headers));
  expect(await nextEvent(stream)).toMatchObject({ data: sample });
  expect(await nextEvent(stream)).toMatchObject({ data: sample });
  await stream.return();
});

test('as lines of JSON until the run ends', async () => {
  const short = await startContainer(app, ['sleep', '1']);
  const headers = { accept: 'application/x-ndjson' };
  const response = await app.a.admin.send('GET', `/v1/containers/${short}/stats`, undefined, headers);
  const lines = (await response.text()).trim().split('\n');
  for (const line of lines) expect(JSON.parse(line)).toMatchObject(sample);
});

test('processes come as a table', async () => {
  expect(await app.a.admin.expect(200, 'GET', `/v1/containers/${id}/top`)).toEqual({
    titles: ['PID', 'USER', 'COMMAND'],
    processes: [['1', 'root', 'sleep 600']],
  });
});

test.each(['stats', 'top'])(
  '%s of what does not run is 409 and names the state; of a foreign one 404',
  async (what) => {
    const { id: created } = await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', {
      image: app.image,
    });
    expect(await app.a.admin.expect(409, 'GET', `/v1/containers/${created}/${what}`)).toMatchObject({
      state: 'created',
    });
    await app.b.admin.expect(404, 'GET', `/v1/containers/${id}/${what}`);
    const headers = { accept: 'text/event-stream' };
    await app.a.admin.expect(409, 'GET', `/v1/containers/${created}/${what}`, undefined, headers);
  },
);
