/** Creating, listing, inspecting, removing and pruning containers. */
import { AppError } from '../../domain/errors.ts';
import { describeContainer, describeContainers } from '../../services/container-details.ts';
import { measureContainers } from '../../services/container-files.ts';
import { removeContainer as remove } from '../../services/container-verbs.ts';
import { createContainer as create } from '../../services/containers.ts';
import { containerFilters, matching, pruneFilters, shownStatuses } from './container-filters.ts';
import { nameOf } from './container-verbs.ts';
import { toInspect, toListItem } from './container-views.ts';
import { parseJson } from './json.ts';
import { type Handler, noContent, ok, textBody } from './request.ts';
import { toSpec } from './translate.ts';

export const createContainer: Handler = async ({ deps }, request) => {
  const { ctx, query } = request;
  const given = { name: query.text('name'), platform: query.text('platform') };
  const name = nameOf(given.name);
  const { spec, warnings } = toSpec(parseJson(await textBody(request)), given);
  try {
    const { container, converged } = await create(deps, ctx, { name, spec, start: false, platform: given.platform });
    if (!converged) throw new AppError('timeout', `Container ${container.id} is still being created`);
    const differs = deps.provider.features.warningsOf?.(spec) ?? [];
    return { status: 201, json: { Id: container.id, Warnings: [...warnings, ...differs] } };
  } catch (error) {
    // To clients, 404 here means one thing: pull the image and try again.
    if (error instanceof AppError && error.code === 'not_found' && !error.message.startsWith('No such image')) {
      throw new AppError('invalid', error.message, { details: error.details, cause: error });
    }
    throw error;
  }
};

export const listContainers: Handler = async ({ deps }, { ctx, query, version }) => {
  const filters = query.filters(containerFilters);
  const limit = query.integer('limit', { min: -1, max: 1_000_000_000 }) ?? -1;
  const statuses = shownStatuses(filters, query.flag('all') || limit > 0);
  const found = await describeContainers(deps, ctx, { status: statuses });
  const refers = statuses !== undefined && (filters.has('before') || filters.has('since'));
  const among = refers ? await describeContainers(deps, ctx, {}) : found;
  const matches = found.filter(matching(filters, among));
  const now = deps.clock.now();
  const listed = limit > 0 ? matches.slice(0, limit) : matches;
  const ids = listed.map(({ id }) => id);
  const sizes = query.flag('size') ? await measureContainers(deps, ctx, ids) : null;
  return ok(listed.map((container) => toListItem(container, version, now, sizes?.get(container.id))));
};

export const inspectContainer: Handler = async ({ deps }, { ctx, params, query, version }) => {
  const container = await describeContainer(deps, ctx, params.id ?? '');
  const sizes = query.flag('size') ? await measureContainers(deps, ctx, [container.id]) : null;
  return ok(toInspect(container, version, sizes?.get(container.id)));
};

export const removeContainer: Handler = async ({ deps }, { ctx, params, query }) => {
  if (query.flag('link')) throw new AppError('unsupported', 'Links are not removed one by one; remove the container');
  const how = { force: query.flag('force'), volumes: query.flag('v') };
  const { converged } = await remove(deps, ctx, params.id ?? '', how);
  if (!converged) throw new AppError('timeout', 'Accepted, and still being removed');
  return noContent;
};

export const pruneContainers: Handler = async ({ deps }, { ctx, query }) => {
  const filters = query.filters(pruneFilters);
  const stopped = await describeContainers(deps, ctx, { status: ['created', 'exited', 'failed', 'lost'] });
  const removed: string[] = [];
  for (const { id } of stopped.filter(matching(filters, stopped, deps.clock.now()))) {
    try {
      await remove(deps, ctx, id, { force: false, volumes: false });
      removed.push(id);
    } catch (error) {
      // Started or removed by somebody else in the meantime.
      const moved = error instanceof AppError && (error.code === 'conflict' || error.code === 'not_found');
      if (!moved) throw error;
    }
  }
  return ok({ ContainersDeleted: removed, SpaceReclaimed: 0 });
};
