import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { createClient, type TestClient } from '../support/client.ts';
import { documented, isOperators, type Route, routesOf } from '../support/document.ts';
import { snapshotOf } from '../support/tenant-snapshot.ts';

const routes = routesOf(documented());
const image = 'longshore-test/busybox';
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const container = (more: object) => ({ image, ...more });

/** A body for POST /v1/containers, and what of it the answer must name. */
const badContainers: [what: string, body: unknown, named: string][] = [
  ['an unknown field', container({ imagee: 'x' }), 'imagee'],
  ['an unknown field further down', container({ resources: { cpu: 1 } }), 'cpu'],
  ['a field of the answer', container({ status: 'running' }), 'status'],
  ['a tenant', container({ tenantId: '00000000-0000-0000-0000-000000000000' }), 'tenantId'],
  ['a field in other letters', container({ Command: ['x'] }), 'Command'],
  ['no image', {}, 'image'],
  ['a number for a text', { image: 5 }, 'image'],
  ['null for a text', { image: null }, 'image'],
  ['a text for a list', container({ command: 'echo hi' }), 'command'],
  ['a number in a list of texts', container({ command: ['echo', 1] }), 'command.1'],
  ['a text for a number', container({ resources: { memoryMiB: '64' } }), 'resources.memoryMiB'],
  ['a fraction for a count', container({ resources: { pids: 1.5 } }), 'resources.pids'],
  ['a negative number', container({ resources: { cpus: -1 } }), 'resources.cpus'],
  ['a number beyond all others', '{"image":"x","resources":{"cpus":1e400}}', 'resources.cpus'],
  ['a number that is not exact', '{"image":"x","resources":{"pids":90071992547409930}}', 'resources.pids'],
  ['more than the operator allows', container({ resources: { memoryMiB: 1_000_000 } }), 'resources.memoryMiB'],
  ['a text for a truth', container({ tty: 'yes' }), 'tty'],
  ['a port of 0', container({ ports: [{ containerPort: 0 }] }), 'ports.0.containerPort'],
  ['a port beyond the last', container({ ports: [{ containerPort: 1, hostPort: 65_536 }] }), 'ports.0.hostPort'],
  ['an unknown protocol', container({ ports: [{ containerPort: 1, protocol: 'sctp' }] }), 'ports.0.protocol'],
  ['a path of the host', container({ mounts: [{ type: 'bind', source: '/etc', target: '/x' }] }), 'mounts.0'],
  ['an unknown mount', container({ mounts: [{ type: 'nfs', target: '/x' }] }), 'mounts.0.type'],
  ['a mount on a relative path', container({ mounts: [{ type: 'tmpfs', target: 'x' }] }), 'mounts.0.target'],
  ['a mount on the way up', container({ mounts: [{ type: 'tmpfs', target: '/x/../etc' }] }), 'mounts.0.target'],
  [
    'two mounts on one path',
    container({
      mounts: [
        { type: 'tmpfs', target: '/x' },
        { type: 'tmpfs', target: '/x' },
      ],
    }),
    'mounts.1.target',
  ],
  ['a name that is a path', container({ name: '../x' }), 'name'],
  ['a name with NUL', container({ name: 'a\0b' }), 'name'],
  ['a variable with NUL', container({ env: { A: 'b\0' } }), 'env'],
  ['a variable without a name', container({ env: { '': 'b' } }), 'env'],
  ['a variable with = in its name', container({ env: { 'A=B': 'c' } }), 'env'],
  ['an argument with NUL', container({ command: ['a', 'b\0'] }), 'command.1'],
  ['half a character', '{"image":"x","labels":{"a":"\\ud800"}}', 'labels.a'],
  ['half a character in a name', '{"image":"x","labels":{"\\udfff":"a"}}', 'labels'],
  ['one of our own labels', container({ labels: { 'longshore.tenant': 'x' } }), 'labels'],
  ['a signal that is none', container({ stop: { signal: 'PLEASE' } }), 'stop.signal'],
  ['a restart policy that is none', container({ restart: 'sometimes' }), 'restart'],
  ['an image reference that is none', { image: 'UPPER//case' }, 'UPPER//case'],
  ['an image that is not there', { image: 'no/such:image' }, 'no/such:image'],
  ['a network that is not there', container({ networks: [{ name: 'no-such-network' }] }), 'no-such-network'],
  ['a network twice', container({ networks: [{ name: 'default' }, { name: 'default' }] }), 'networks.1'],
  ['JSON without an end', '{"image":"x"', 'JSON'],
  ['nothing', '', 'image'],
  ['two documents', '{"image":"x"}{"image":"y"}', 'JSON'],
  ['a list', '[]', 'body'],
  ['a text', '"x"', 'body'],
  ['null', 'null', 'body'],
  ['lists a hundred thousand deep', `{"image":"x","command":${deep(100_000)}}`, 'command'],
  ['a hundred thousand lists that do not end', '['.repeat(100_000), 'JSON'],
  ['objects a hundred thousand deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'a'],
];

const lists = ['containers', 'images', 'networks', 'volumes'];
const badQueries: [what: string, query: string, named: string][] = [
  ['no page', 'limit=0', 'limit'],
  ['a page backwards', 'limit=-1', 'limit'],
  ['a page too large', 'limit=100000', 'limit'],
  ['a page of a word', 'limit=many', 'limit'],
  ['two sizes of a page', 'limit=1&limit=2', 'limit'],
  ['an empty size of a page', 'limit=', 'limit'],
  ['a cursor that is none', 'cursor=x', 'cursor'],
  [
    'a cursor made by hand',
    `cursor=${Buffer.from('["2020-01-01T00:00:00Z","x","x"]').toString('base64url')}`,
    'cursor',
  ],
  ['a cursor of another type', `cursor=${Buffer.from('{"at":1}').toString('base64url')}`, 'cursor'],
  ['a cursor without end', `cursor=${'x'.repeat(5000)}`, 'cursor'],
  ['an unknown filter', 'colour=blue', 'colour'],
  ['a filter in other letters', 'Limit=1', 'Limit'],
];

let app: TestApp;
let owner: postgres.Sql;
let admin: TestClient;
let before: unknown;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
  owner = postgres({ ...connectionOptions(app.databaseUrl), max: 2 });
  admin = app.a.admin;
  for (const client of [app.a.admin, app.b.admin]) {
    for (const name of ['first', 'second']) {
      await client.expect(201, 'POST', '/v1/containers', { image, name, labels: { a: name } });
      await client.expect(201, 'POST', '/v1/volumes', { name });
      await client.expect(201, 'POST', '/v1/networks', { name });
      await client.expect(200, 'POST', '/v1/images/pull', { reference: name });
    }
  }
  before = await everything();
});
afterAll(async () => {
  await owner?.end();
  await app?.close();
});
const everything = () => Promise.all([snapshotOf(owner, app.a.name), snapshotOf(owner, app.b.name)]);

/** A client error as a problem document that names what is wrong. */
async function expectRefusal(answer: Response, named: string): Promise<void> {
  const problem = (await answer.json()) as { status: number; detail: string; errors?: object[]; instance: string };
  expect(problem).toMatchObject({ status: answer.status, instance: answer.headers.get('x-request-id') });
  expect([400, 403, 404, 422]).toContain(answer.status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(JSON.stringify([problem.detail, problem.errors])).toContain(named);
}

/** As it is, whatever its type. */
const post = (path: string, body: unknown, type: string | null = 'application/json') =>
  fetch(app.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin.key}`, ...(type === null ? {} : { 'content-type': type }) },
    body: typeof body === 'string' ? new Blob([body]) : new Blob([JSON.stringify(body)]),
  });

describe('a body', () => {
  it.each(badContainers)('with %s is refused by name', async (_, body, named) => {
    await expectRefusal(await post('/v1/containers', body), named);
  });

  it.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/xml'],
    ['json'],
    [null],
  ])('of the type %s is refused', async (type) => {
    await expectRefusal(await post('/v1/containers', container({}), type), 'application/json');
  });

  it('is told every mistake at once', async () => {
    const answer = await post('/v1/containers', { image: 1, tty: 1, ports: [{ containerPort: 'x' }] });
    const { errors } = (await answer.json()) as { errors: { path: string }[] };
    expect(errors.map(({ path }) => path).sort()).toEqual(['image', 'ports.0.containerPort', 'tty']);
  });

  it.each([
    ['POST', '/v1/networks/prune'],
    ['POST', '/v1/tickets'],
    ['DELETE', '/v1/volumes/first'],
  ])('is refused where none is taken: %s %s', async (method, path) => {
    await expectRefusal(await admin.send(method, path, { all: false }), 'takes none');
  });
});

describe('a query', () => {
  it.each(lists.flatMap((list) => badQueries.map((query) => [list, ...query] as const)))(
    'of %s with %s is refused by name',
    async (list, _, query, named) => {
      await expectRefusal(await admin.send('GET', `/v1/${list}?${query}`), named);
    },
  );

  it.each(lists)('of %s with a cursor of another tenant, or of other filters, is refused', async (list) => {
    const pageOf = (client: TestClient, query: string) =>
      client.expect<{ nextCursor: string }>(200, 'GET', `/v1/${list}?limit=1${query}`);
    const [foreign, own] = [await pageOf(app.b.admin, ''), await pageOf(admin, '')];
    expect((await admin.send('GET', `/v1/${list}?limit=1&cursor=${own.nextCursor}`)).status).toBe(200);
    await expectRefusal(await admin.send('GET', `/v1/${list}?limit=1&cursor=${foreign.nextCursor}`), 'cursor');
    await expectRefusal(await admin.send('GET', `/v1/${list}?limit=1&name=first&cursor=${own.nextCursor}`), 'cursor');
    await expectRefusal(await admin.send('GET', `/v1/${list}?limit=1&cursor=${own.nextCursor.slice(0, -2)}`), 'cursor');
  });

  it('with a status that is none, or a label without a name, is refused by name', async () => {
    await expectRefusal(await admin.send('GET', '/v1/containers?status=walking'), 'status');
    await expectRefusal(await admin.send('GET', '/v1/containers?status=running,walking'), 'status');
  });

  const callOf = (route: Route) => [route.method, `${route.path.replace(/\{\w+\}/g, 'first')}?colour=blue`] as const;
  it.each(routes)('$method $path: an unknown parameter is refused by name', async (route) => {
    const client = isOperators(route) ? createClient(app.url, app.operatorKey) : admin;
    await expectRefusal(await client.send(...callOf(route)), 'colour');
  });
});

describe('an id', () => {
  const ids = [
    '%00',
    '%ff',
    '%F0%9F%98%80',
    '%20',
    '..%2f..',
    'a%2Fb',
    "'",
    '%22',
    '%0d%0aX:%20y',
    'x'.repeat(129),
    'x'.repeat(5000),
  ];
  const tenantRoutes = routes.filter((route) => !isOperators(route) && route.path.includes('{'));
  it.each(tenantRoutes)('$method $path: that is none is not found, or refused', async ({ method, path }) => {
    for (const id of ids) {
      const answer = await admin.send(method, path.replace(/\{\w+\}/g, id), method === 'POST' ? {} : undefined);
      expect([id, answer.headers.get('content-type')]).toEqual([id, 'application/problem+json']);
      expect([400, 404]).toContain(answer.status);
      await answer.body?.cancel();
    }
  });
});

it('nothing of all this changed anything', async () => {
  expect(await everything()).toEqual(before);
});
