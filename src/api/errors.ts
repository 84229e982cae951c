/** The one way an error becomes an answer (RFC 9457). */
import { HTTPException } from 'hono/http-exception';
import { AppError, type ErrorCode, httpStatuses } from '../domain/errors.ts';

const titles: Record<ErrorCode, string> = {
  invalid: 'The request is not valid',
  unauthenticated: 'No valid credential',
  forbidden: 'Not allowed',
  not_found: 'Not found',
  conflict: 'The state forbids it',
  too_large: 'Too large',
  idempotency_mismatch: 'The Idempotency-Key was used for another request',
  limit: 'A limit is reached',
  rate_limited: 'Too many requests',
  unsupported: 'Not supported by this provider',
  timeout: 'Not done in time',
  unavailable: 'Not available at the moment',
  internal: 'Something went wrong on our side',
};

export interface Problem {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

/** Anything thrown becomes an AppError; what was not thrown for a reader says nothing of itself. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof HTTPException) {
    const code = error.status === 413 ? 'too_large' : error.status < 500 ? 'invalid' : 'internal';
    const detail = error.status === 415 ? 'Send the body as "Content-Type: application/json"' : error.message;
    return new AppError(code, code === 'internal' ? titles.internal : detail || titles[code], { cause: error });
  }
  return new AppError('internal', 'Something went wrong on our side; the request id tells us what', { cause: error });
}

export function toProblem(error: AppError, requestId: string): Problem {
  const { fields, retryAfterSeconds, ...rest } = error.details;
  const status = httpStatuses[error.code];
  const retryAfter = retryAfterSeconds ?? (status === 503 ? 2 : undefined);
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      ...(status === 401 ? { 'www-authenticate': 'Bearer realm="longshore"' } : {}),
    },
    body: {
      type: `https://longshore.dev/errors/${error.code}`,
      title: titles[error.code],
      status,
      code: error.code,
      detail: error.message,
      instance: requestId,
      ...(fields ? { errors: fields } : {}),
      ...rest,
    },
  };
}

/** Every Docker client shows a 401's message, and none can do anything else about it. */
const howToAuthenticate =
  'Docker clients put {"HttpHeaders":{"Authorization":"Bearer lsk_…"}} into their config.json, ' +
  'or use a client certificate (longshore certs issue) or the socket of longshore connect';

/** The same as the Engine words it. */
export function toDockerError(
  error: AppError,
  requestId: string,
): { status: number; headers: Record<string, string>; json: { message: string } } {
  const { status, headers } = toProblem(error, requestId);
  const message = error.code === 'internal' ? `${error.message} (${requestId})` : engineWording(error);
  return { status, headers: { ...headers, 'content-type': 'application/json' }, json: { message } };
}

/** Clients look for these sentences. */
function engineWording({ code, message }: AppError): string {
  if (code === 'unauthenticated') return `${message}. ${howToAuthenticate}`;
  const [, kind, reference] = (code === 'not_found' && /^No such (network|volume): (.*)$/s.exec(message)) || [];
  if (kind === 'network') return `network ${reference} not found`;
  return kind === 'volume' ? `get ${reference}: no such volume` : message;
}
