/** Opaque page cursors, sealed to the tenant and the filters they came from. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Deps } from '../context.ts';
import type { Page, PagePosition } from '../db/paging.ts';
import { AppError } from '../domain/errors.ts';

/** Whose list it is. */
type Of = { principal: { tenantId: string } };

const sealed = z.tuple([z.iso.datetime(), z.string().max(256), z.base64url()]);

/** @param list names the list and its filters: a cursor is good for the same question only. Throws invalid. */
export function pageFrom(
  deps: Deps,
  ctx: Of,
  list: string,
  query: { limit: number; cursor?: string | undefined },
): Page {
  if (query.cursor === undefined) return { limit: query.limit, after: null };
  const bad = () =>
    new AppError('invalid', 'cursor: not one of this list', {
      details: { fields: [{ path: 'cursor', message: 'not one of this list' }] },
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(query.cursor, 'base64url').toString());
  } catch {
    throw bad();
  }
  const result = sealed.safeParse(parsed);
  if (!result.success) throw bad();
  const [at, id, seal] = result.data;
  const expected = sealOf(deps, ctx, list, { at, id });
  if (seal.length !== expected.length || !timingSafeEqual(Buffer.from(seal), Buffer.from(expected))) throw bad();
  return { limit: query.limit, after: { at, id } };
}

/** Cuts what was read (up to limit + 1) to the page and says how to go on. */
export function pageOut<T>(
  deps: Deps,
  ctx: Of,
  list: string,
  page: Page,
  found: T[],
  position: (item: T) => PagePosition,
) {
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  if (found.length <= page.limit || last === undefined) return { items, nextCursor: null };
  const { at, id } = position(last);
  const cursor = JSON.stringify([at, id, sealOf(deps, ctx, list, { at, id })]);
  return { items, nextCursor: Buffer.from(cursor).toString('base64url') };
}

function sealOf(deps: Deps, ctx: Of, list: string, { at, id }: PagePosition): string {
  return createHmac('sha256', deps.sealKey)
    .update(JSON.stringify([ctx.principal.tenantId, list, at, id]))
    .digest('base64url');
}
