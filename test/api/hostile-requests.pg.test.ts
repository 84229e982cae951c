import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestApp, type TestApp } from '../support/app.ts';
import { busyboxImage } from '../support/base-images.ts';
import { documented, isOperators, type Route, routesOf } from '../support/document.ts';
import { type HostileRequest, hostileRequest } from '../support/hostile-requests.ts';

const document = documented();
const components = document.components?.schemas ?? {};
const $defs = JSON.parse(JSON.stringify(components).replaceAll('#/components/schemas/', '#/$defs/'));
/** More of them, to search instead of to check: HOSTILE_REQUESTS=1000. */
const requestsPerRoute = Number(process.env.HOSTILE_REQUESTS ?? 20);
/** For answers that take their time, or never end. */
const patienceMs = 3000;

describe('requests made up from the document', () => {
  let app: TestApp;
  const names: Record<string, string[]> = {
    container: ['up', 'down'],
    reference: ['own/app', 'own/app:latest', busyboxImage],
    image: [busyboxImage],
    network: ['net', 'default'],
    volume: ['data'],
    tenant: ['victim'],
    key: ['nosuchkey'],
  };
  beforeAll(async () => {
    app = await startTestApp({ provider: 'memory', env: { LONGSHORE_QUOTA_CONTAINERS: '10000' } });
  });
  /** Whatever of it the requests before have taken away. */
  beforeEach(async () => {
    const { admin } = app.a;
    await app.operator.send('POST', '/v1/tenants', { name: 'victim' });
    await admin.send('POST', '/v1/images/pull', { reference: 'own/app' });
    await admin.send('POST', '/v1/networks', { name: 'net' });
    await admin.send('POST', '/v1/volumes', { name: 'data' });
    await admin.send('POST', '/v1/containers', {
      image: app.image,
      name: 'up',
      command: ['sleep', '600'],
      start: true,
    });
    await admin.send('POST', '/v1/containers', { image: app.image, name: 'down' });
  });
  afterAll(() => app?.close());

  const schemas = new Map<string, z.ZodType>();
  const schemaFor = (schema: object) => {
    const text = JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/');
    const known = schemas.get(text) ?? z.fromJSONSchema({ ...JSON.parse(text), $defs });
    schemas.set(text, known);
    return known;
  };

  async function send(route: Route, { path, headers, body }: HostileRequest): Promise<Response | null> {
    const signal = AbortSignal.timeout(patienceMs);
    const { key } = isOperators(route) ? app.operator : app.a.admin;
    try {
      return await fetch(app.url + path, {
        method: route.method,
        headers: { authorization: `Bearer ${key}`, ...headers },
        body: body ?? null,
        signal,
      });
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  /** The status is one that the document has for the route, and the body what it says of that. */
  async function expectDocumented(route: Route, answer: Response): Promise<void> {
    const described = route.operation.responses?.[answer.status] as
      | { content?: Record<string, { schema?: object }> }
      | undefined;
    const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const schema = described?.content?.[type]?.schema;
    if (type === 'application/json' || answer.status >= 400) {
      const text = await answer.text();
      expect({ status: answer.status, described: described !== undefined, type, text }).toMatchObject({
        described: true,
      });
      if (answer.status >= 400) expect(type).toBe('application/problem+json');
      expect([text, schemaFor(schema ?? { not: {} }).safeParse(JSON.parse(text)).error?.issues]).toEqual([
        text,
        undefined,
      ]);
    } else {
      await answer.body?.cancel();
      expect([answer.status, described !== undefined]).toEqual([answer.status, true]);
    }
  }

  it.each(routesOf(document))(
    '$method $path: are answered as documented, and never with a 500',
    async (route) => {
      const property = fc.asyncProperty(hostileRequest(route, components, names), async (request) => {
        const answer = await send(route, request);
        if (answer) await expectDocumented(route, answer);
      });
      await fc.assert(property, { numRuns: requestsPerRoute });
    },
    120_000,
  );

  it('have left the server in good health', async () => {
    await app.a.admin.expect(200, 'GET', '/v1/containers');
    expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
  });
});
