/** Pagination as most services have it: a page and an opaque token for the next. */
import { AwsError } from './aws-error.ts';

/** @param token as given out with the page before; one that was not is refused with that code */
export function page<T>(items: readonly T[], token: string | undefined, size: number, invalidCode: string) {
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString().replace(/^at:/, ''));
  if (!Number.isInteger(start) || start < 0) throw new AwsError(invalidCode, 'Invalid token');
  const end = start + size;
  const next = end < items.length ? Buffer.from(`at:${end}`).toString('base64url') : undefined;
  return { items: items.slice(start, end), next };
}
