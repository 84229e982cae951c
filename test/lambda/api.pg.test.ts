/** The api function's handler over a real database: what API Gateway sends becomes what a server of Node's would have answered. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { tarEnd, tarHeader, tarPadding } from '../../src/domain/tar.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { type ApiFunction, apiFunction } from './api-function.ts';

const operatorKey = newApiKey(randomBytes).key;
const image = 'busybox:1';
let database: TestDatabase;
let api: ApiFunction;
let tenantKey: string;

beforeAll(async () => {
  database = await testDatabase();
  api = apiFunction({
    LONGSHORE_PROVIDER: 'memory',
    LONGSHORE_MAX_STREAMS: '1',
    LONGSHORE_OPERATOR_KEY: operatorKey,
    DATABASE_URL: database.url,
  });
  expect(await call('POST', '/v1/tenants', { name: 'tenant-a' }, asOperator)).toMatchObject({ status: 201 });
  const made = await call('POST', '/v1/tenants/tenant-a/keys', { name: 'admin', role: 'admin' }, asOperator);
  tenantKey = made.body.key;
  const pulled = api.send({
    method: 'POST',
    target: '/v1/images/pull',
    headers: asTenant(),
    body: JSON.stringify({ reference: image }),
  });
  expect(await pulled.text()).not.toContain('error');
});
afterAll(() => database.close());

const asOperator = { Authorization: `Bearer ${operatorKey}`, 'Content-Type': 'application/json' };
const asTenant = (more: Record<string, string> = {}): Record<string, string> => ({
  Authorization: `Bearer ${tenantKey}`,
  'Content-Type': 'application/json',
  ...more,
});

async function call(method: string, target: string, body?: unknown, headers: Record<string, string> = asTenant()) {
  const invoked = api.send({ method, target, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const [{ statusCode, headers: answered }, text] = await Promise.all([invoked.head, invoked.text(), invoked.done]);
  return { status: statusCode, headers: answered, body: text === '' ? null : JSON.parse(text) };
}

/** Has run, or runs, in the function's own process. */
async function run(script: string): Promise<string> {
  const command = ['sh', '-c', script];
  const { status, body } = await call('POST', '/v1/containers', { image, command, start: true });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}

test('a request is answered as on a connection: status, headers, body, problems', async () => {
  const made = await call('POST', '/v1/containers', { image, name: 'by-event' });
  expect(made).toMatchObject({ status: 201, body: { name: 'by-event', status: 'created' } });
  expect(made.headers).toMatchObject({ 'x-request-id': expect.any(String), 'x-content-type-options': 'nosniff' });
  const found = await call('GET', '/v1/containers?name=by-event&limit=5');
  expect(found.body.items.map(({ id }: { id: string }) => id)).toEqual([made.body.id]);
  expect(await call('GET', `/v1/containers/${made.body.id}`)).toMatchObject({
    status: 200,
    body: { id: made.body.id },
  });
  expect(await call('GET', '/v1/containers/nobody')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await call('GET', '/v1/containers', undefined, {})).toMatchObject({ status: 401 });
  expect(await call('GET', '/v1.44/containers/json?all=1')).toMatchObject({ status: 200 });
  expect(await call('HEAD', '/_ping')).toMatchObject({ status: 200, headers: { 'api-version': expect.any(String) } });
  expect(await call('DELETE', `/v1/containers/${made.body.id}`)).toMatchObject({ status: 204 });
});

test('the operator has the same routes with the key of the settings', async () => {
  const { status, body } = await call('GET', '/v1/tenants', undefined, asOperator);
  expect([status, body.items.map(({ name }: { name: string }) => name)]).toEqual([200, ['tenant-a']]);
});

test('bytes come in and go out as they are', async () => {
  const id = await run('sleep 60');
  const content = randomBytes(300_000);
  const tar = tarOf('data.bin', content);
  const put = api.send({
    method: 'PUT',
    target: `/v1/containers/${id}/archive?path=/`,
    headers: asTenant({ 'Content-Type': 'application/x-tar' }),
    body: tar,
  });
  expect((await put.head).statusCode, await put.text()).toBeLessThan(300);
  const got = api.send({ method: 'GET', target: `/v1/containers/${id}/archive?path=/data.bin`, headers: asTenant() });
  const chunks: Buffer[] = [];
  for await (const chunk of got.output) chunks.push(chunk);
  expect(Buffer.concat(chunks).includes(content)).toBe(true);
});

test.for([
  ['nothing', null],
  ['a text', 'hello'],
  ['an event of something else', { Records: [{ eventSource: 'aws:sqs' }] }],
  [
    'an event of an HTTP API',
    { version: '2.0', rawPath: '/v1/containers', requestContext: { http: { method: 'GET' } } },
  ],
  ['a path that is none', { httpMethod: 'GET', path: 'v1', headers: { Host: 'a' } }],
  ['a method that is none', { httpMethod: 'GET /', path: '/v1', headers: { Host: 'a' } }],
  ['no host', { httpMethod: 'GET', path: '/v1/containers', headers: {} }],
  ['two hosts', { httpMethod: 'GET', path: '/v1/containers', multiValueHeaders: { Host: ['a', 'b'] } }],
  ['a header of two lines', { httpMethod: 'GET', path: '/v1', headers: { Host: 'a', 'X-A': 'b\r\nc: d' } }],
  ['dots in the path', { httpMethod: 'GET', path: '/v1/../v1/containers', headers: { Host: 'a' } }],
  [
    'a body that is no base64',
    { httpMethod: 'POST', path: '/v1/x', headers: { Host: 'a' }, body: '%', isBase64Encoded: true },
  ],
] as const)('%s is answered with 400', async ([, event]) => {
  const { head, text, done } = api.invoke(event);
  const [{ statusCode }, body] = await Promise.all([head, text(), done]);
  expect([statusCode, JSON.parse(body).code]).toEqual([400, 'invalid']);
});

test('what is too large for a function is answered with 413 and with where to send it, in the words of either door', async () => {
  const body = Buffer.alloc(5 * 1024 * 1024);
  for (const [target, sentence] of [
    ['/v1/image-archive', (answer: Record<string, string>) => answer.detail],
    ['/v1.44/images/load', (answer: Record<string, string>) => answer.message],
  ] as const) {
    const { head, text } = api.send({ method: 'POST', target, headers: asTenant(), body });
    expect((await head).statusCode).toBe(413);
    expect(sentence(JSON.parse(await text()))).toContain('push-credentials');
  }
});

test('attach and interactive commands are refused with where they work, and a command to its end works here', async () => {
  const id = await run('sleep 60');
  for (const [target, given] of [
    [`/v1.44/containers/${id}/attach?stream=1&stdout=1`, undefined],
    [`/v1.44/containers/${id}/exec`, { Cmd: ['echo', 'hi'], AttachStdout: true }],
    [`/v1.44/exec/${'0'.repeat(64)}/start`, {}],
  ] as const) {
    const { status, body } = await call('POST', target, given, asTenant({ Upgrade: 'tcp' }));
    expect([status, body.message]).toEqual([501, expect.stringMatching(/longshore connect.*docs\/aws-deploy\.md/s)]);
  }
  const socket = await call('GET', `/v1/containers/${id}/exec/ws?command=sh`);
  expect(socket).toMatchObject({ status: 501, body: { code: 'unsupported' } });
  expect(await call('POST', '/v1.44/containers/x/attach', undefined, {})).toMatchObject({ status: 401 });
  const ran = await call('POST', `/v1/containers/${id}/exec`, { command: ['echo', 'once'] });
  expect(ran).toMatchObject({ status: 200, body: { exitCode: 0, stdout: 'once\n' } });
});

test('a client that goes away ends its stream', async () => {
  const id = await run('echo up; sleep 60');
  const target = `/v1/containers/${id}/logs?follow=true`;
  const first = api.send({ method: 'GET', target, headers: asTenant() });
  await once(first.output, 'data');
  expect(await call('GET', target)).toMatchObject({ status: 429 });
  first.output.destroy();
  await first.done;
  const second = api.send({ method: 'GET', target, headers: asTenant() });
  expect((await second.head).statusCode).toBe(200);
  second.output.destroy();
  await second.done;
});

test('a followed log ends before the function must, and goes on where it ended: no line is lost, none comes twice', async () => {
  const count = 60;
  const id = await run(Array.from({ length: count }, (_, line) => `echo line-${line}; sleep 0.05`).join('; '));
  const lines: { at: string; line: string }[] = [];
  let rounds = 0;
  for (; lines.length < count; rounds++) {
    const last = lines.at(-1)?.at;
    const since = last === undefined ? '' : `&since=${last}`;
    const target = `/v1/containers/${id}/logs?follow=true${since}`;
    const invoked = api.send({ method: 'GET', target, headers: asTenant({ Accept: 'application/x-ndjson' }) }, 1_000);
    const [text] = await Promise.all([invoked.text(), invoked.done]);
    const got = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    // `since` includes its own moment: as many lines of it as are known already are passed over.
    const known = lines.filter(({ at }) => at === last).length;
    expect(got.slice(0, known).map(({ line }) => line)).toEqual(
      lines.slice(lines.length - known).map(({ line }) => line),
    );
    lines.push(...got.slice(known));
  }
  expect(rounds).toBeGreaterThan(2);
  expect(lines.map(({ line }) => line)).toEqual(Array.from({ length: count }, (_, line) => `line-${line}`));
});

test('followed events end before the function must, and go on behind the last one', async () => {
  const { body: before } = await call('GET', '/v1/events?follow=false&after=latest');
  let cursor: number = before.nextCursor;
  const seen: string[] = [];
  for (let round = 0; round < 4; round++) {
    const invoked = api.send(
      {
        method: 'GET',
        target: '/v1/events',
        headers: asTenant({ Accept: 'text/event-stream', 'Last-Event-ID': String(cursor) }),
      },
      1_000,
    );
    await invoked.head;
    const made = await call('POST', '/v1/containers', { image, name: `seen-${round}` });
    expect(made.status).toBe(201);
    const [text] = await Promise.all([invoked.text(), invoked.done]);
    for (const [, id, data] of text.matchAll(/id: (\d+)\ndata: (.*)\n\n/g)) {
      expect(Number(id)).toBe(cursor + 1);
      cursor = Number(id);
      seen.push(JSON.parse(data ?? '').name);
    }
  }
  const { body: rest } = await call('GET', `/v1/events?follow=false&after=${cursor}`);
  seen.push(...rest.items.map(({ name }: { name: string }) => name));
  expect([...new Set(seen)]).toEqual(['seen-0', 'seen-1', 'seen-2', 'seen-3']);
});

test('an answer that is cut for the end of the time is no whole one', async () => {
  const id = await run('sleep 60');
  const invoked = api.send({ method: 'POST', target: `/v1.44/containers/${id}/wait`, headers: asTenant() }, 1_000);
  expect((await invoked.head).statusCode).toBe(200);
  await expect(invoked.done).rejects.toThrow('time of this process is up');
});

test('a command that takes longer than the function may is given up, and the client hears so', async () => {
  const id = await run('sleep 60');
  const body = JSON.stringify({ command: ['sleep', '30'], timeoutSeconds: 60 });
  const ran = api.send({ method: 'POST', target: `/v1/containers/${id}/exec`, headers: asTenant(), body }, 1_000);
  expect([(await ran.head).statusCode, JSON.parse(await ran.text()).code]).toEqual([504, 'timeout']);
});

test('nothing is under way in the database once an invocation is over', async () => {
  const watching = postgres({ ...connectionOptions(database.url), max: 1 });
  const name = 'of-the-function';
  const url = new URL(database.url);
  url.searchParams.set('application_name', name);
  const own = apiFunction({ LONGSHORE_PROVIDER: 'memory', DATABASE_URL: url.href });
  for (let round = 0; round < 5; round++) {
    const invoked = own.send(
      { method: 'GET', target: '/v1/events', headers: asTenant({ Accept: 'text/event-stream' }) },
      400,
    );
    invoked.output.resume();
    await invoked.done;
    const rows = await watching`select state from pg_stat_activity where application_name = ${name}`;
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThanOrEqual(4);
    expect(rows.filter(({ state }) => state !== 'idle')).toEqual([]);
  }
  await watching.end();
});

/** One file, as tar has it. */
function tarOf(path: string, content: Buffer): Buffer {
  const entry = { path, kind: 'file', mode: 0o644, uid: 0, gid: 0, linkTarget: '', modifiedAt: new Date(0) } as const;
  const sizeBytes = content.length;
  return Buffer.concat([tarHeader({ ...entry, sizeBytes }), content, tarPadding(sizeBytes), tarEnd()]);
}
