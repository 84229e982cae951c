/** The database behind a proxy that gives each transaction another connection: no statement is kept, no setting outlives a transaction. */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { connect, connectionOptions } from '../../src/db/client.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { testDatabase } from '../support/postgres.ts';
import { apiFunction } from './api-function.ts';
import { startPooler } from './pooler.ts';

const operatorKey = newApiKey(randomBytes).key;

test('two tenants by way of a proxy with two connections: everything works, and nobody sees the other', async () => {
  const database = await testDatabase();
  await using pooler = await startPooler(database.url, 2);
  const api = apiFunction({
    LONGSHORE_PROVIDER: 'memory',
    LONGSHORE_DATABASE_PREPARE: '0',
    LONGSHORE_DATABASE_CONNECTIONS: '8',
    LONGSHORE_OPERATOR_KEY: operatorKey,
    DATABASE_URL: pooler.url,
  });
  const call = async (key: string, method: string, target: string, body?: unknown) => {
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const sent = api.send({ method, target, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const [{ statusCode }, text] = await Promise.all([sent.head, sent.text(), sent.done]);
    return { status: statusCode, body: text === '' ? null : JSON.parse(text) };
  };
  const tenant = async (name: string) => {
    await call(operatorKey, 'POST', '/v1/tenants', { name });
    const { key } = (await call(operatorKey, 'POST', `/v1/tenants/${name}/keys`, { name: 'k', role: 'admin' })).body;
    expect((await call(key, 'POST', '/v1/images/pull', { reference: 'app' })).status).toBeLessThan(300);
    return { name, key };
  };
  const tenants = [await tenant('a'), await tenant('b')];
  await Promise.all(
    Array.from({ length: 20 }, async (_, number) => {
      const { name, key } = tenants[number % 2] ?? { name: '', key: '' };
      const made = { image: 'app', name: `${name}-${number}`, command: ['sleep', '60'], start: true };
      const created = await call(key, 'POST', '/v1/containers', made);
      expect([created.status, created.body.status]).toEqual([201, 'running']);
      expect((await call(key, 'POST', `/v1/containers/${created.body.id}/stop`, { graceSeconds: 0 })).status).toBe(200);
      const { body } = await call(key, 'GET', '/v1/containers?limit=100');
      const foreign = body.items.filter((item: { name: string }) => !item.name.startsWith(`${name}-`));
      expect(foreign).toEqual([]);
    }),
  );

  const sql = postgres({ ...connectionOptions(pooler.url), max: 1, prepare: false });
  const left = await sql.unsafe(
    `select current_setting('role') as role, current_setting('app.tenant_id', true) as tenant`,
  );
  expect([left[0]?.role, left[0]?.tenant || null]).toEqual(['none', null]);
  await sql.end();

  // What a proxy of this kind does not bear, so that the setting is needed.
  const plain = connect({ url: pooler.url, connections: 1 });
  await expect(plain.query('app', { text: 'select 1', params: [] })).rejects.toThrow();
  await plain.close();
  await database.close();
});
