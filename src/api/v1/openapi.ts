/** The shorthand that routes are described with: bodies, answers, problems, paging. */
import { z } from 'zod';

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    instance: z.string().describe('The request id'),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });

const problemAnswer = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

/** What any route may answer besides its own. */
const everyRoute = {
  400: problemAnswer('The request is not valid; `errors` names the fields'),
  401: problemAnswer('No valid credential'),
  403: problemAnswer('Not allowed for this key, or over a limit'),
  429: problemAnswer('Too many requests'),
  503: problemAnswer('The database or the provider is not available'),
};
const others = {
  404: problemAnswer('There is no such object in this tenant'),
  409: problemAnswer('The state forbids it; the detail names the state'),
  413: problemAnswer('The body is too large'),
  422: problemAnswer('The Idempotency-Key belongs to another request'),
  501: problemAnswer('This provider cannot do it'),
  504: problemAnswer('Not done in time'),
};

/** Own answers plus the problems that the route can end in. */
export function answers<T extends Record<number, unknown>>(own: T, ...problems: (keyof typeof others)[]) {
  const listed = Object.fromEntries(problems.map((status) => [status, others[status]])) as typeof others;
  return { ...everyRoute, ...listed, ...own };
}

export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { 'application/json': { schema } },
});

/** Every POST takes it; idempotency.ts reads it before validation, so routes only document it. */
export const idempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .max(255)
    .optional()
    .describe('Sent again with the same request, the first answer is replayed'),
});

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(1024).optional().describe('`nextCursor` of the previous page'),
};

export const pageOf = <T extends z.ZodType>(item: T, id: string) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id });

export const flag = z
  .enum(['true', 'false', '1', '0'])
  .default('false')
  .transform((value) => value === 'true' || value === '1');

/** A filter that need not be there. */
export const optionalFlag = z
  .enum(['true', 'false', '1', '0'])
  .optional()
  .transform((value) => (value === undefined ? undefined : value === 'true' || value === '1'));

/** On routes that browsers open without headers. */
export const ticketQuery = {
  ticket: z
    .string()
    .regex(/^lst_[A-Za-z0-9_-]{43}$/, 'must be a ticket; never put a key here')
    .optional()
    .describe('Instead of the Authorization header; from POST /v1/tickets, for one connection within 30 seconds'),
};

/** `?label=a&label=b=c`: all must match. */
export const labelQuery = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((given) => (given === undefined ? undefined : labelFilter([given].flat())));

function labelFilter(given: string[]): Record<string, string | null> {
  return Object.fromEntries(
    given.map((entry) => {
      const equals = entry.indexOf('=');
      return equals === -1 ? [entry, null] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
