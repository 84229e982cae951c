/** One request and what came of it, as a client sees it whose connection may break at any moment. */

export interface Request {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  idempotencyKey?: string;
}

/** Where requests go and on whose behalf. */
export interface Api {
  url: string;
  key: string;
  /** Aborts when its clients give up on what they asked there. */
  gaveUp?: AbortSignal;
}

export interface Reply {
  status: number;
  text: string;
  retryAfter: string | null;
  /** By performance.now(). */
  startedMs: number;
  endedMs: number;
}

/** `cut off`: nobody waits for the answer any more, or it cannot come; the server may or may not have read the request. `not sent`: nobody listens there. */
export type Outcome = Reply | 'cut off' | 'not sent';

/** Longer than any budget of the server. */
const answerMs = 90_000;

export async function exchange(api: Api, request: Request): Promise<Outcome> {
  const { method, path, body, idempotencyKey } = request;
  const startedMs = performance.now();
  const patience = AbortSignal.timeout(answerMs);
  try {
    const response = await fetch(api.url + path, {
      method,
      headers: {
        authorization: `Bearer ${api.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: api.gaveUp ? AbortSignal.any([api.gaveUp, patience]) : patience,
    });
    const { status } = response;
    const retryAfter = response.headers.get('retry-after');
    return { status, text: await response.text(), retryAfter, startedMs, endedMs: performance.now() };
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code === 'ECONNREFUSED' ? 'not sent' : 'cut off';
  }
}
