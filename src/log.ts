/** The log of a process. Errors are written without the values they carry: a failing row, parameters, somebody else's answer. */
import { type Logger, pino } from 'pino';

export function createLog(level: string): Logger {
  return pino({
    level,
    redact: ['*.auth', '*.password', '*.key', '*.env', '*.headers'],
    serializers: { err: describeError },
  });
}

interface Described {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: Described;
}

/** What kind of error, where, and why; of its own members only `code`. */
function describeError(error: unknown): Described {
  if (!(error instanceof Error)) return { type: typeof error, message: 'thrown without an error' };
  const { name, stack = '', cause } = error;
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  return {
    type: name,
    message: messageOf(error),
    ...code,
    stack: stack.slice(Math.max(0, stack.indexOf('\n    at ') + 1)),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}

/** Drizzle writes the parameters of a query into its message. */
function messageOf(error: Error): string {
  return 'query' in error && 'params' in error ? `Failed query: ${error.query}` : error.message;
}
