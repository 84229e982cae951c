import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type TestAuthority, testAuthority } from '../support/authority.ts';
import { createClient } from '../support/client.ts';
import { documented, isOperators, type Route, routesOf } from '../support/document.ts';
import { makeObjects, type Names } from '../support/tenant-objects.ts';
import { snapshotOf } from '../support/tenant-snapshot.ts';
import { waitFor } from '../support/wait-for.ts';
import { type EndpointRow, endpointRows, type Kind } from './endpoint-rows.ts';

const routes = routesOf(documented());
const rowOf = ({ id }: Route): EndpointRow => {
  const row = endpointRows[id];
  if (!row) throw new Error(`The operation ${id} has no row in endpoint-rows.ts`);
  return row;
};

let ca: TestAuthority;
let app: TestApp;
let owner: postgres.Sql;
let own: Names;
let foreign: Names;
/** Keys that used to be good, or look as if they were. */
let badKeys: Record<string, string>;

beforeAll(async () => {
  ca = testAuthority();
  app = await startTestApp({ provider: 'memory', env: ca.env });
  owner = postgres({ ...connectionOptions(app.databaseUrl), max: 2 });
  [own, foreign] = await Promise.all([makeObjects(app, app.a), makeObjects(app, app.b)]);
  badKeys = await makeBadKeys();
}, 60_000);
afterAll(async () => {
  await owner?.end();
  await app?.close();
  ca?.remove();
});

async function makeBadKeys(): Promise<Record<string, string>> {
  const keys = `/v1/tenants/${app.a.name}/keys`;
  const make = () =>
    app.operator.expect<{ id: string; key: string }>(201, 'POST', keys, { name: 'soon bad', role: 'admin' });
  const [revoked, expired] = await Promise.all([make(), make()]);
  const answers = (key: string) => createClient(app.url, key).send('GET', '/v1/containers');
  expect((await answers(revoked.key)).status).toBe(200);
  await app.operator.expect(204, 'DELETE', `${keys}/${revoked.id}`);
  await owner`update api_keys set expires_at = now() - interval '1 second' where id = ${expired.id}`;
  await waitFor(async () => (await answers(revoked.key)).status === 401, { timeoutMs: 5000 });
  const stranger = newApiKey((length) => crypto.getRandomValues(new Uint8Array(length)));
  const [, id] = app.a.admin.key.split('_');
  return {
    revoked: revoked.key,
    expired: expired.key,
    garbled: app.a.admin.key.slice(0, -1),
    'with another secret': stranger.key.replace(stranger.id, id ?? ''),
    unknown: stranger.key,
    'no key at all': 'password',
  };
}

interface Call {
  method: string;
  path: string;
  body?: unknown;
}

/** The route's request for objects of these names. */
function callOf(route: Route, row: EndpointRow, nameOf: (kind: Kind) => string): Call {
  const path = route.path.replace(/\{(\w+)\}/g, (_, parameter: string) => {
    const kind = row.path?.[parameter];
    if (!kind) throw new Error(`The row of ${route.id} does not say what {${parameter}} names`);
    return encodeURIComponent(nameOf(kind));
  });
  return { method: route.method, path: row.query ? `${path}?${row.query}` : path, body: row.body };
}

const first = (names: Names) => (kind: Kind) => names[kind][0]?.real ?? '';
const send = (key: string, { method, path, body }: Call) => createClient(app.url, key).send(method, path, body);

async function expectProblem(answer: Response, status: number, code: string): Promise<void> {
  const problem = (await answer.json()) as { instance: string };
  expect(problem).toMatchObject({ status, code, type: `https://longshore.dev/errors/${code}` });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
  expect(problem.instance).toBe(answer.headers.get('x-request-id'));
}

/** What the path looks for in a tenant; tenants themselves are no secret to the operator. */
function soughtBy(route: Route): Kind | undefined {
  return Object.values(rowOf(route).path ?? {}).findLast((kind) => kind !== 'tenant');
}

/** All that a client can see of an answer, without what names the request. */
async function seen(answer: Response, name: string): Promise<unknown> {
  const { date: _, 'x-request-id': id = '', ...headers } = Object.fromEntries(answer.headers);
  const text = await answer.text();
  return { status: answer.status, headers, text: text.replaceAll(id, '<request id>').replaceAll(name, '<name>') };
}

it('has a row for every operation of the document, and none for others', () => {
  expect(Object.keys(endpointRows).sort()).toEqual(routes.map(({ id }) => id).sort());
});

describe('who may not ask', () => {
  let before: unknown;
  beforeAll(async () => {
    before = [await snapshotOf(owner, app.a.name), await snapshotOf(owner, app.b.name)];
  });

  it.each(routes)('$method $path: nobody without a good key', async (route) => {
    const row = rowOf(route);
    const call = callOf(route, row, first(own));
    await expectProblem(await fetch(app.url + call.path, { method: call.method }), 401, 'unauthenticated');
    for (const [kind, key] of Object.entries({ ...badKeys })) {
      const answer = await send(key, call);
      expect([kind, answer.headers.get('www-authenticate')]).toEqual([kind, 'Bearer realm="longshore"']);
      await expectProblem(answer, 401, 'unauthenticated');
    }
  });

  it.each(routes)(
    '$method $path: nobody with something in the URL, but a ticket where the document says so',
    async (route) => {
      const row = rowOf(route);
      const call = callOf(route, row, first(own));
      const ask = (query: string) =>
        fetch(`${app.url}${call.path}${call.path.includes('?') ? '&' : '?'}${query}`, { method: call.method });
      await expectProblem(await ask(`key=${app.a.admin.key}`), 400, 'invalid');
      await expectProblem(await ask('ticket=lst_unknown'), 401, 'unauthenticated');
      const { ticket } = await app.a.admin.expect<{ ticket: string }>(201, 'POST', '/v1/tickets');
      if (row.ticket) await (await ask(`ticket=${ticket}`)).body?.cancel();
      await expectProblem(await ask(`ticket=${ticket}`), 401, 'unauthenticated');
    },
  );

  it.each(routes)(
    '$method $path: an operator key only for the operator, a tenant key only for a tenant',
    async (route) => {
      const call = callOf(route, rowOf(route), first(own));
      await expectProblem(await send(isOperators(route) ? app.a.admin.key : app.operatorKey, call), 403, 'forbidden');
    },
  );

  it.each(routes.filter((route) => !isOperators(route)))('$method $path: a viewer only to look', async (route) => {
    const row = rowOf(route);
    const answer = await send(app.a.viewer.key, callOf(route, row, first(own)));
    const may = row.viewerMay ?? route.method === 'GET';
    if (!may) return expectProblem(answer, 403, 'forbidden');
    await answer.body?.cancel();
    expect(answer.ok).toBe(true);
  });

  it('had no effect on either tenant', async () => {
    expect([await snapshotOf(owner, app.a.name), await snapshotOf(owner, app.b.name)]).toEqual(before);
  });
});

describe("another tenant's objects", () => {
  let before: unknown;
  beforeAll(async () => {
    before = [await snapshotOf(owner, app.a.name), await snapshotOf(owner, app.b.name)];
  });

  /** Asks for what another tenant has and for what nobody has, and must see no difference. */
  async function expectNoDifference(
    key: string,
    kind: Kind,
    status: number,
    callFor: (name: string) => Call,
  ): Promise<void> {
    for (const { real, missing } of foreign[kind]) {
      const answer = await send(key, callFor(real));
      expect([real, answer.status]).toEqual([real, status]);
      expect(await seen(answer, real)).toEqual(await seen(await send(key, callFor(missing)), missing));
    }
  }

  it.each(routes.filter(soughtBy))('$method $path: are not there', async (route) => {
    const kind = soughtBy(route) as Kind;
    const callFor = (name: string) =>
      callOf(route, rowOf(route), (wanted) => (wanted === kind ? name : first(own)(wanted)));
    await expectNoDifference(isOperators(route) ? app.operatorKey : app.a.admin.key, kind, 404, callFor);
  });

  it.each(routes.filter((route) => rowOf(route).references))('$method $path: cannot be referred to', async (route) => {
    const row = rowOf(route);
    for (const { kind, status, body, query } of row.references ?? []) {
      await expectNoDifference(app.a.admin.key, kind, status, (name) => ({
        method: route.method,
        path: query ? `${route.path}?${query(name)}` : callOf(route, row, first(own)).path,
        body: body?.(name),
      }));
    }
  });

  it("the tenant that holds shared things is nobody's to see, not even the operator's", async () => {
    for (const route of routes.filter((each) => isOperators(each) && rowOf(each).path)) {
      const row = rowOf(route);
      const callFor = (name: string) =>
        callOf(route, row, (wanted) => (wanted === 'tenant' ? name : first(own)(wanted)));
      const answer = await send(app.operatorKey, callFor('_shared'));
      expect([route.id, answer.status]).toEqual([route.id, 404]);
      expect(await seen(answer, '_shared')).toEqual(
        await seen(await send(app.operatorKey, callFor('_nobody')), '_nobody'),
      );
    }
  });

  it('and all that asking had no effect on either tenant', async () => {
    expect([await snapshotOf(owner, app.a.name), await snapshotOf(owner, app.b.name)]).toEqual(before);
  });
});
