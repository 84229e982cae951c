/**
 * The one error that crosses layers. Every code has exactly one HTTP status.
 * `publicMessage` is written for a tenant; provider and SQL text only ever travel in `cause`.
 */
export const errorCodes = [
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'too_large',
  'idempotency_mismatch',
  'limit',
  'rate_limited',
  'unsupported',
  'timeout',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** What each is answered with over HTTP. */
export const httpStatuses = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  idempotency_mismatch: 422,
  limit: 403,
  rate_limited: 429,
  unsupported: 501,
  timeout: 504,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** Extra members of a problem document: field errors, the state found, ids, seconds to wait. Never a secret. */
export interface ErrorDetails {
  fields?: { path: string; message: string }[];
  retryAfterSeconds?: number;
  [name: string]: unknown;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, publicMessage: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(publicMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

const retryable: ReadonlySet<ErrorCode> = new Set(['unavailable', 'timeout', 'rate_limited', 'internal']);

/** Whether trying the same provider call again can succeed without anyone changing the request. Unknown errors can. */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError ? retryable.has(error.code) : true;
}

/** What a foreign and a missing object are both answered with. */
export function notFound(kind: string, reference: string): AppError {
  return new AppError('not_found', `No such ${kind}: ${reference}`);
}

export function hasCode(error: unknown, ...codes: ErrorCode[]): boolean {
  return error instanceof AppError && codes.includes(error.code);
}

/** Resolves to `otherwise` where the call failed with one of the codes. */
export async function unless<T, U>(call: Promise<T>, codes: ErrorCode[], otherwise: U): Promise<T | U> {
  try {
    return await call;
  } catch (error) {
    if (hasCode(error, ...codes)) return otherwise;
    throw error;
  }
}
