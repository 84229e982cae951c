/** POST /containers/{id}/resize, and what every resize has in common. */
import { AppError } from '../../domain/errors.ts';
import { resizeContainer as resize } from '../../services/attach.ts';
import { getContainer } from '../../services/containers.ts';
import type { Query } from './query.ts';
import type { Handler } from './request.ts';

const side = { min: 0, max: 65_535 };

/** Throws invalid. Zero, which a client sends that does not know its own size, is left to the default. */
export function terminalSize(query: Query): { columns: number; rows: number } | null {
  const rows = query.integer('h', side);
  const columns = query.integer('w', side);
  if (rows === undefined || columns === undefined)
    throw new AppError('invalid', 'h and w are needed: rows and columns');
  return rows === 0 || columns === 0 ? null : { columns, rows };
}

export const resizeContainer: Handler = async ({ deps }, { ctx, params, query }) => {
  const size = terminalSize(query);
  const container = await getContainer(deps, ctx, params.id ?? '');
  if (size) await resize(deps, ctx, container, size);
  return { status: 200 };
};
