/** Networks through the Docker door. */
import { AppError } from '../../domain/errors.ts';
import { parseMoment, resolveMoment } from '../../domain/moment.ts';
import type { Network } from '../../domain/network.ts';
import { connectContainer, disconnectContainer } from '../../services/attachments.ts';
import { listAllContainers } from '../../services/containers.ts';
import * as networks from '../../services/networks.ts';
import { connectBody, disconnectBody, networkBody, toAliases, toNetworkInput } from './network-body.ts';
import { networkNameOf, ownNetworkName, toNetwork } from './network-views.ts';
import { booleanFilter, type Filters, hasLabels } from './query.ts';
import { type DockerRequest, type Handler, jsonBody, noContent, ok } from './request.ts';

const listFilters = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];
const pruneFilters = ['label', 'label!', 'until'];

const referred = ({ params }: DockerRequest): string => ownNetworkName(params.id ?? '');

export const listNetworks: Handler = async ({ deps }, { ctx, query }) => {
  const filters = query.filters(listFilters);
  const dangling = booleanFilter(filters, 'dangling');
  const found = (await networks.listAllNetworks(deps, ctx)).filter((network) => matches(network, filters));
  if (dangling === undefined) return ok(found.map((network) => toNetwork(network, [])));
  const used = new Set(
    (await listAllContainers(deps, ctx, {})).flatMap(({ attachments }) =>
      attachments.map(({ networkId }) => networkId),
    ),
  );
  return ok(found.filter(({ id }) => used.has(id) !== dangling).map((network) => toNetwork(network, [])));
};

function matches(network: Network, filters: Filters): boolean {
  const some = (key: string, test: (value: string) => boolean) => filters.get(key)?.some(test) ?? true;
  return (
    some('driver', (driver) => driver === 'bridge') &&
    some('scope', (scope) => scope === 'local') &&
    some('type', (type) => type === (network.isDefault ? 'builtin' : 'custom')) &&
    some('id', (id) => network.id.startsWith(id)) &&
    some('name', (name) => networkNameOf(network).includes(name)) &&
    hasLabels(network.labels, filters)
  );
}

/** `verbose` adds what only swarms have. */
export const inspectNetwork: Handler = async ({ deps }, request) => {
  const network = await networks.getNetwork(deps, request.ctx, referred(request));
  return ok(
    toNetwork(network, await listAllContainers(deps, request.ctx, { status: ['running', 'paused', 'stopping'] })),
  );
};

export const createNetwork: Handler = async ({ deps }, request) => {
  const input = toNetworkInput(await jsonBody(request, networkBody));
  try {
    const { id } = await networks.createNetwork(deps, request.ctx, input);
    return { status: 201, json: { Id: id, Warning: '' } };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
    throw new AppError('conflict', `network with name ${input.name} already exists`, { cause: error });
  }
};

export const removeNetwork: Handler = async ({ deps }, request) => {
  const network = await networks.getNetwork(deps, request.ctx, referred(request));
  if (network.isDefault) {
    throw new AppError('forbidden', 'bridge is a pre-defined network and cannot be removed');
  }
  await networks.removeNetwork(deps, request.ctx, network.id);
  return noContent;
};

export const pruneNetworks: Handler = async ({ deps }, { ctx, query }) => {
  const filters = query.filters(pruneFilters);
  const until = filters.get('until')?.map((text) => {
    const seconds = resolveMoment(parseMoment(text) ?? undefined, deps.clock.now());
    if (seconds === undefined) throw new AppError('invalid', `Invalid filter 'until=${text}'`);
    return seconds * 1000;
  });
  const removed = await networks.pruneNetworks(
    deps,
    ctx,
    ({ labels, createdAt }) => hasLabels(labels, filters) && (until?.every((at) => createdAt.getTime() <= at) ?? true),
  );
  return ok({ NetworksDeleted: removed.map(({ name }) => name) });
};

/** Throws forbidden, as the Engine does, where a running container is on the network already. */
export const connect: Handler = async ({ deps }, request) => {
  const body = await jsonBody(request, connectBody);
  const at = { network: referred(request), container: body.Container, aliases: toAliases(body) };
  const { changed, converged, container } = await connectContainer(deps, request.ctx, at);
  if (!converged) throw new AppError('timeout', 'Accepted, and still being connected');
  if (!changed && ['running', 'paused'].includes(container.run.phase)) {
    const message = `endpoint with name ${container.name} already exists in network ${request.params.id}`;
    throw new AppError('forbidden', message);
  }
  return ok(undefined);
};

/** As the Engine, `Force` takes off what is not there any more. */
export const disconnect: Handler = async ({ deps }, request) => {
  const { Container: reference, Force: force } = await jsonBody(request, disconnectBody);
  const at = { network: referred(request), container: reference };
  const { changed, converged, container } = await disconnectContainer(deps, request.ctx, at);
  if (!converged) throw new AppError('timeout', 'Accepted, and still being disconnected');
  if (!changed && !force) {
    throw new AppError('conflict', `container ${container.id} is not connected to network ${request.params.id}`);
  }
  return ok(undefined);
};
