/** What benchmarks ask of /v1 beside their load: tenants and keys, made like everybody else's. */
import type { Longshore } from './server.ts';

/** The parsed answer. Throws unless the status is 2xx. */
export async function call<T>(url: string, key: string, method: string, path: string, body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text) as T;
}

/** Makes so many tenants, named `tenant-0` and so on. */
export async function makeTenants({ url, operatorKey }: Longshore, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `tenant-${index}`);
  for (const name of names) await call(url, operatorKey, 'POST', '/v1/tenants', { name });
  return names;
}

/** An admin key of a tenant. */
export async function makeKey({ url, operatorKey }: Longshore, tenant: string): Promise<string> {
  const body = { name: 'bench', role: 'admin' };
  return (await call<{ key: string }>(url, operatorKey, 'POST', `/v1/tenants/${tenant}/keys`, body)).key;
}
