import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type TestAuthority, testAuthority } from '../support/authority.ts';
import { documented, isOperators, type Route, routesOf } from '../support/document.ts';
import { idempotentPosts, type Post } from '../support/idempotent-posts.ts';
import { snapshotOf } from '../support/tenant-snapshot.ts';
import { waitFor } from '../support/wait-for.ts';

const posts = routesOf(documented()).filter(({ method }) => method === 'POST');
/** Their answers show a secret or carry a stream: a replay has null, or something else, in its place. */
const unrepeatable: Record<string, object> = {
  createKey: { key: null },
  createTicket: { ticket: null },
  createPushCredentials: { password: null },
  execInContainer: {},
};

let ca: TestAuthority;
let app: TestApp;
let owner: postgres.Sql;
beforeAll(async () => {
  ca = testAuthority();
  app = await startTestApp({ provider: 'memory', env: ca.env });
  owner = postgres({ ...connectionOptions(app.databaseUrl), max: 2 });
}, 60_000);
afterAll(async () => {
  await owner?.end();
  await app?.close();
  ca?.remove();
});

const prepare = ({ id }: Route) => {
  const post = idempotentPosts[id];
  if (!post) throw new Error(`The operation ${id} is missing in idempotent-posts.ts`);
  return post(app);
};
const clientOf = (route: Route) => (isOperators(route) ? app.operator : app.a.admin);
const send = (route: Route, { path, body }: Post, key: string) =>
  clientOf(route).send('POST', path, body, { 'idempotency-key': key });

/** Without an effect that has to be single, they are simply done again after a crash. */
const redone = ['pullImage', 'createTicket', 'releaseOrphans', 'createPushCredentials'];

/** What both tenants have, and which tenants there are: all that a POST could change. */
async function everything(): Promise<unknown> {
  const [a, b] = [await snapshotOf(owner, app.a.name), await snapshotOf(owner, app.b.name)];
  return [
    { ...a, idempotency_keys: [] },
    { ...b, idempotency_keys: [] },
    await owner`select name from tenants order by 1`,
  ];
}

/** Puts a key back to where a crash between the effect and its answer would have left it. */
async function crashBeforeAnswer(key: string): Promise<void> {
  await owner`update idempotency_keys set status = null, body = null, locked_until = now() - interval '1 second',
    state = case when resource is null then 'in_progress' else 'accepted' end where key = ${key}`;
}

const createNothing = { path: '/v1/containers', body: { image: 'no-such-image' } };
const routeOf = (id: string) => posts.find((route) => route.id === id) as Route;
const [create, start] = [routeOf('createContainer'), routeOf('startContainer')];

describe('the same POST again under its key', () => {
  it.each(posts)(
    '$path: is answered with the first answer, byte for byte, and has no further effect',
    async (route) => {
      const post = await prepare(route);
      const key = randomUUID();
      const first = await send(route, post, key);
      const firstText = await first.text();
      expect([firstText, first.ok, first.headers.get('idempotency-replayed')]).toEqual([firstText, true, null]);
      const before = await everything();
      const replay = await send(route, post, key);
      const replayText = await replay.text();
      expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([first.status, 'true']);
      expect(replay.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
      const hidden = unrepeatable[route.id];
      if (hidden) expect(JSON.parse(replayText)).toMatchObject(hidden);
      else expect(replayText).toBe(firstText);
      expect(await everything()).toEqual(before);
    },
  );

  it.each(posts.filter(({ id }) => !redone.includes(id)))(
    '$path: is answered from what the first left, if that crashed before it could answer',
    async (route) => {
      const post = await prepare(route);
      const key = randomUUID();
      const first = await send(route, post, key);
      expect(first.ok).toBe(true);
      await first.body?.cancel();
      await waitFor(
        async () => (await owner`select from idempotency_keys where key = ${key} and state = 'done'`).length === 1,
      );
      const before = await everything();
      await crashBeforeAnswer(key);
      const retry = await send(route, post, key);
      const text = await retry.text();
      expect([text, retry.ok]).toEqual([text, true]);
      expect(await everything()).toEqual(before);
      const replay = await send(route, post, key);
      expect([await replay.text(), replay.headers.get('idempotency-replayed')]).toEqual([text, 'true']);
    },
  );

  it.each(posts.filter(({ id }) => redone.includes(id)))(
    '$path: is done again, if it crashed before it could answer',
    async (route) => {
      const post = await prepare(route);
      const key = randomUUID();
      const first = await send(route, post, key);
      const text = await first.text();
      await crashBeforeAnswer(key);
      const retry = await send(route, post, key);
      expect([retry.status, retry.headers.get('idempotency-replayed')]).toEqual([first.status, null]);
      expect(Object.keys((await retry.json()) as object)).toEqual(Object.keys(JSON.parse(text)));
    },
  );
});

describe('a key', () => {
  it('is for one request: another body or another path is 422, and without effect', async () => {
    const [first, second] = [await prepare(start), await prepare(start)];
    const made = { ...(await prepare(create)), path: '/v1/containers' };
    const named = { ...made, body: { ...(made.body as object), name: 'another-name' } };
    for (const [route, one, other] of [
      [create, made, named],
      [start, first, second],
    ] as const) {
      const key = randomUUID();
      expect((await send(route, one, key)).ok).toBe(true);
      const before = await everything();
      const answer = await send(route, other, key);
      expect([answer.status, await answer.json()]).toMatchObject([422, { code: 'idempotency_mismatch' }]);
      expect(await everything()).toEqual(before);
    }
  });

  it('is another one on another route and for another tenant', async () => {
    const key = randomUUID();
    const headers = { 'idempotency-key': key };
    const wanted = { image: app.image, name: 'same-key' };
    const a = await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', wanted, headers);
    const b = await app.b.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', wanted, headers);
    expect(a.id).not.toBe(b.id);
    await app.a.admin.expect(201, 'POST', '/v1/volumes', { name: 'same-key' }, headers);
  });

  it.each([
    ['an empty one', ''],
    ['one of 256 characters', 'x'.repeat(256)],
    ['one beyond ASCII', 'schlüssel'],
    ['one with a tab in it', 'a\tb'],
  ])('that is malformed is 400: %s', async (_, key) => {
    const answer = await send(create, await prepare(create), key);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid', detail: /Idempotency-Key/ }]);
  });

  it('may have 255 characters, blanks among them', async () => {
    const key = `a ${'x'.repeat(252)}~`;
    expect((await send(create, await prepare(create), key)).status).toBe(201);
  });

  it('means nothing on other methods', async () => {
    const list = () => app.a.admin.send('GET', '/v1/containers', undefined, { 'idempotency-key': 'of-a-get' });
    for (const answer of [await list(), await list()]) expect(answer.headers.get('idempotency-replayed')).toBeNull();
  });

  it('of a request that is still being worked on is 409 with Retry-After; later it replays', async () => {
    const { id } = await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', {
      image: app.image,
      command: ['sh', '-c', "trap '' TERM; sleep 600"],
      start: true,
    });
    const stop = routeOf('stopContainer');
    const post = { path: `/v1/containers/${id}/stop`, body: { graceSeconds: 2 } };
    const key = randomUUID();
    const first = send(stop, post, key);
    await waitFor(async () => (await owner`select from idempotency_keys where key = ${key}`).length === 1, {
      intervalMs: 5,
    });
    const second = await send(stop, post, key);
    expect([second.status, await second.json()]).toMatchObject([409, { code: 'conflict', detail: /Idempotency-Key/ }]);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const text = await (await first).text();
    const replay = await send(stop, post, key);
    expect([replay.status, await replay.text()]).toEqual([200, text]);
  });

  it.each([
    ['400', 400, createNothing.path, { image: 5 }, {}],
    ['404', 404, createNothing.path, createNothing.body, {}],
    ['413', 413, createNothing.path, { image: 'x'.repeat(1_100_000) }, {}],
    ['415', 400, createNothing.path, { image: 'x' }, { 'content-type': 'text/plain' }],
    ['409 of a taken name', 409, createNothing.path, { image: 'longshore-test/busybox', name: 'taken' }, {}],
  ])('is free again after a refusal before any effect: %s', async (_, status, path, body, headers) => {
    const taken = { image: app.image, name: 'taken' };
    await app.a.admin.send('POST', '/v1/containers', taken);
    const key = randomUUID();
    await app.a.admin.expect(status, 'POST', path, body, { 'idempotency-key': key, ...headers });
    expect(await owner`select from idempotency_keys where key = ${key}`).toHaveLength(0);
    const answer = await send(create, await prepare(create), key);
    expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, null]);
  });

  it('is not taken by a refused credential: 401 and 403', async () => {
    const key = randomUUID();
    const headers = { 'idempotency-key': key };
    await app.a.viewer.expect(403, 'POST', '/v1/containers', { image: app.image }, headers);
    await app.operator.expect(403, 'POST', '/v1/containers', { image: app.image }, headers);
    expect((await fetch(`${app.url}/v1/containers`, { method: 'POST', headers })).status).toBe(401);
    expect(await owner`select from idempotency_keys where key = ${key}`).toHaveLength(0);
  });

  it('keeps a refusal that came with an effect: the container is there, its start failed', async () => {
    const wanted = { image: app.image, name: 'cannot-start', command: ['no-such-command'], start: true };
    const key = randomUUID();
    const first = await app.a.admin.send('POST', '/v1/containers', wanted, { 'idempotency-key': key });
    const replay = await app.a.admin.send('POST', '/v1/containers', wanted, { 'idempotency-key': key });
    expect([first.status, replay.status, replay.headers.get('idempotency-replayed')]).toEqual([400, 400, 'true']);
    expect(replay.headers.get('content-type')).toBe('application/problem+json');
    expect(await replay.text()).toBe(await first.text());
  });
});

describe('what is stored', () => {
  it('has no key, no ticket, no output of a command and no credential of a registry in it', async () => {
    const secrets: string[] = ['canary-of-exec', 'canary-of-registry'];
    const key = () => ({ 'idempotency-key': randomUUID() });
    const keys = `/v1/tenants/${app.a.name}/keys`;
    secrets.push(
      (await app.operator.expect<{ key: string }>(201, 'POST', keys, { name: 'x', role: 'viewer' }, key())).key,
    );
    secrets.push((await app.a.admin.expect<{ ticket: string }>(201, 'POST', '/v1/tickets', undefined, key())).ticket);
    const auth = { username: 'me', password: 'canary-of-registry' };
    await app.a.admin.expect(200, 'POST', '/v1/images/pull', { reference: 'with/auth', auth }, key());
    const exec = routeOf('execInContainer');
    const { path, body } = await prepare(exec);
    await app.a.admin.expect(200, 'POST', path, body, key());
    const rows = await owner<{ text: string }[]>`select k::text as text from idempotency_keys k`;
    expect(rows.length).toBeGreaterThanOrEqual(4);
    for (const secret of secrets) expect(rows.filter(({ text }) => text.includes(secret))).toEqual([]);
  });
});

it('every kind of POST is tested here', () => {
  expect(Object.keys(idempotentPosts).sort()).toEqual(posts.map(({ id }) => id).sort());
});
