import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { waitFor } from '../support/wait-for.ts';

describe('/metrics', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ provider: 'memory', env: { LONGSHORE_METRICS_PORT: '0' } });
  });
  afterAll(() => app?.close());

  const read = async () => (await app.operator.send('GET', '/metrics')).text();
  /** The value of one sample; its labels in any order. */
  const sample = (text: string, name: string, labels: Record<string, string> = {}) => {
    const line = text
      .split('\n')
      .find(
        (each) =>
          /^\w+/.exec(each)?.[0] === name &&
          Object.entries(labels).every(([key, value]) => each.includes(`${key}="${value}"`)),
      );
    return line === undefined ? null : Number(line.slice(line.lastIndexOf(' ')));
  };

  it('is for the operator key alone', async () => {
    expect((await fetch(`${app.url}/metrics`)).status).toBe(401);
    expect((await app.a.admin.send('GET', '/metrics')).status).toBe(403);
    const answer = await app.operator.send('GET', '/metrics');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
  });

  it('needs no key on an address of its own, which serves nothing else', async () => {
    expect((await fetch(`${app.metricsUrl}/metrics`)).status).toBe(200);
    expect((await fetch(`${app.metricsUrl}/v1/containers`)).status).toBe(404);
  });

  it('counts requests by the template of their route, refused and unknown ones too', async () => {
    await app.a.admin.send('GET', '/v1/containers/no-such-container');
    await fetch(`${app.url}/v1/containers/secret-name`);
    await fetch(`${app.url}/no/such/route`);
    const text = await read();
    const count = 'longshore_http_request_duration_seconds_count';
    const route = '/v1/containers/:container';
    expect(sample(text, count, { method: 'GET', route, status: '404' })).toBe(1);
    expect(sample(text, count, { method: 'GET', route, status: '401' })).toBe(1);
    expect(sample(text, count, { route: 'none', status: '404' })).toBe(1);
    expect(text).not.toContain('secret-name');
  });

  it('counts what containers cost: turns of reconciliation, calls of the provider, the sweep', async () => {
    await app.a.admin.expect(201, 'POST', '/v1/containers', {
      image: app.image,
      command: ['sleep', '60'],
      start: true,
    });
    const text = await waitFor(async () => {
      const now = await read();
      return (sample(now, 'longshore_sweep_objects', { kind: 'owned' }) ?? -1) >= 0 && now;
    });
    expect(sample(text, 'longshore_reconcile_duration_seconds_count', { outcome: 'settled' })).toBeGreaterThanOrEqual(
      1,
    );
    const calls = 'longshore_provider_call_duration_seconds_count';
    expect(sample(text, calls, { method: 'create', outcome: 'ok' })).toBe(1);
    expect(sample(text, calls, { method: 'networks.ensure', outcome: 'ok' })).toBeGreaterThanOrEqual(1);
    expect(sample(text, 'longshore_due_lag_seconds')).toBeGreaterThanOrEqual(0);
    expect(sample(text, 'process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('names no tenant and none of its objects', async () => {
    await app.a.admin.expect(201, 'POST', '/v1/containers', { image: app.image, name: 'canary-7c1d' });
    const text = await read();
    expect(text).not.toMatch(/canary-7c1d|tenant-a|tenant-b/);
  });
});
