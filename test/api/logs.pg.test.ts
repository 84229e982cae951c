/** Logs over HTTP: what is asked for, how it is written, and how a stream ends. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startContainer } from '../support/containers.ts';
import { waitFor } from '../support/wait-for.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory', env: { LONGSHORE_MAX_STREAMS: '3' } });
});
afterAll(() => app.close());

const text = async (path: string) => {
  const response = await app.a.admin.send('GET', path);
  expect(response.status).toBe(200);
  return response.text();
};

test('a finished run gives its lines, the last ones, one stream, or the time of each', async () => {
  const id = await startContainer(app, ['sh', '-c', 'echo one; echo two >&2; echo three']);
  const path = `/v1/containers/${id}/logs`;
  expect(await text(path)).toBe('one\ntwo\nthree\n');
  expect(await text(`${path}?tail=1`)).toBe('three\n');
  expect(await text(`${path}?tail=0`)).toBe('');
  expect(await text(`${path}?stdout=false`)).toBe('two\n');
  expect(await text(`${path}?since=10m&timestamps=true`)).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z one\n/);
  expect(await text(`${path}?until=2020-01-01T00:00:00Z`)).toBe('');
  expect(await text(`${path}?since=4000000000`)).toBe('');
});

test('as JSON each line names its stream', async () => {
  const id = await startContainer(app, ['sh', '-c', 'echo out; echo err >&2']);
  const headers = { accept: 'application/x-ndjson' };
  const response = await app.a.admin.send('GET', `/v1/containers/${id}/logs`, undefined, headers);
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  const lines = (await response.text()).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { stream: 'stdout', at: expect.any(String), line: 'out' },
    { stream: 'stderr', at: expect.any(String), line: 'err' },
  ]);
});

test('a container that never ran has an empty log, followed or not', async () => {
  const { id } = await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', { image: app.image });
  expect(await text(`/v1/containers/${id}/logs`)).toBe('');
  expect(await text(`/v1/containers/${id}/logs?follow=true`)).toBe('');
});

test('a followed log shows lines as they come and ends with the run', async () => {
  const id = await startContainer(app, ['sh', '-c', 'echo early; trap "echo late; exit 0" TERM; sleep 60']);
  const response = await app.a.admin.send('GET', `/v1/containers/${id}/logs?follow=true`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect(await reader?.read()).toMatchObject({ value: 'early\n' });
  await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/stop`);
  expect(await reader?.read()).toMatchObject({ value: 'late\n' });
  expect(await reader?.read()).toMatchObject({ done: true });
});

test('a tenant has so many streams and no more; a client that goes away gives its own back', async () => {
  const id = await startContainer(app, ['sh', '-c', 'echo up; sleep 60']);
  const path = `/v1/containers/${id}/logs?follow=true`;
  const open = await Promise.all([1, 2, 3].map(() => app.a.admin.send('GET', path)));
  expect(await app.a.admin.expect(429, 'GET', path)).toMatchObject({ code: 'rate_limited' });
  await Promise.all(open.map((response) => response.body?.cancel()));
  await waitFor(async () => {
    const again = await app.a.admin.send('GET', path);
    await again.body?.cancel();
    return again.status === 200;
  });
});

test('HEAD leaves no stream behind', async () => {
  const id = await startContainer(app, ['sleep', '60']);
  for (let count = 0; count < 5; count++) {
    const response = await app.a.admin.send('HEAD', `/v1/containers/${id}/logs?follow=true`);
    expect(response.status).toBe(200);
  }
});

test('a stream is cut when its key is revoked', async () => {
  const made = await app.operator.expect<{ id: string; key: string }>(201, 'POST', '/v1/tenants/tenant-a/keys', {
    name: 'short-lived',
    role: 'viewer',
  });
  const id = await startContainer(app, ['sleep', '60']);
  const headers = { authorization: `Bearer ${made.key}` };
  const response = await fetch(`${app.url}/v1/containers/${id}/logs?follow=true`, { headers });
  expect(response.status).toBe(200);
  await app.operator.expect(204, 'DELETE', `/v1/tenants/tenant-a/keys/${made.id}`);
  await expect(response.text()).rejects.toThrow();
});

test('another tenant gets what a missing container gets', async () => {
  const id = await startContainer(app, ['sh', '-c', 'echo secret']);
  const foreign = await app.b.admin.expect<{ detail: string }>(404, 'GET', `/v1/containers/${id}/logs`);
  expect(foreign.detail).toBe(`No such container: ${id}`);
});

test.each(['tail=-1', 'tail=x', 'since=yesterday', 'since=2020-13-01T00:00:00Z', 'follow=maybe', 'colour=red'])(
  '%s is refused',
  async (query) => {
    const problem = await app.a.admin.expect<{ errors: unknown[] }>(400, 'GET', `/v1/containers/x/logs?${query}`);
    expect(problem.errors).toHaveLength(1);
  },
);
