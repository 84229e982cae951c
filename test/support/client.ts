/** A caller of the API with one key. */
export interface TestClient {
  readonly url: string;
  readonly key: string;
  /** @param body sent as JSON; @param headers beside Authorization */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The JSON of an answer that must have this status; null for an empty one. Fails with the problem that came instead. */
  expect<T = unknown>(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>;
}

export function createClient(url: string, key: string): TestClient {
  const send: TestClient['send'] = (method, path, body, headers = {}) =>
    fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    url,
    key,
    send,
    expect: async <T>(status: number, ...request: Parameters<typeof send>): Promise<T> => {
      const response = await send(...request);
      const text = await response.text();
      if (response.status !== status) {
        throw new Error(`${request[0]} ${request[1]} answered ${response.status} instead of ${status}: ${text}`);
      }
      return (text === '' ? null : JSON.parse(text)) as T;
    },
  };
}
