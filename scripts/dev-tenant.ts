/** The tenant that `npm run up` makes for its user, through the public API like anybody else. */

export const devTenant = 'dev';

type Caller = { url: string; operatorKey: string };

/** An admin key of the development tenant: the known one while it is good, else a new one. Makes the tenant if missing. */
export async function ensureDevKey({ url, operatorKey }: Caller, knownKey: string | undefined): Promise<string> {
  const tenant = await post(`${url}/v1/tenants`, operatorKey, { name: devTenant });
  if (tenant.status !== 201 && tenant.status !== 409) throw await unexpected('making the tenant', tenant);
  if (knownKey && (await isGood(url, knownKey))) return knownKey;
  const created = await post(`${url}/v1/tenants/${devTenant}/keys`, operatorKey, { name: 'up', role: 'admin' });
  if (created.status !== 201) throw await unexpected('making a key', created);
  const { key } = (await created.json()) as { key: string };
  return key;
}

async function isGood(url: string, key: string): Promise<boolean> {
  const response = await fetch(`${url}/v1/containers`, { headers: { authorization: `Bearer ${key}` } });
  await response.body?.cancel();
  return response.status === 200;
}

function post(url: string, key: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function unexpected(what: string, response: Response): Promise<Error> {
  return new Error(`The API refused ${what}: ${response.status} ${await response.text()}`);
}
