/**
 * The one error that crosses layers. Every code has exactly one HTTP status (src/api/errors.ts owns that table).
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
