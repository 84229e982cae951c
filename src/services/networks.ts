/** Networks: the row is the intent, and the provider follows it. What a removal leaves behind at the provider is swept. */
import type { Ctx, Deps } from '../context.ts';
import {
  createNetwork as acceptNetwork,
  allNetworks,
  deleteNetwork,
  findNetworks,
  type NetworkFilter,
  listNetworks as readNetworks,
  unusedNetworks,
} from '../db/networks.ts';
import type { Page } from '../db/paging.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { AppError, isRetryable, notFound } from '../domain/errors.ts';
import { type Attachment, DEFAULT_NETWORK, type Ipam, type Network } from '../domain/network.ts';
import { type Actor, actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { authorize } from './authorize.ts';
import { checkSubnet } from './subnets.ts';

export interface CreateNetworkInput {
  name: string;
  labels: Record<string, string>;
  internal: boolean;
  attachable?: boolean | undefined;
  ipam?: Ipam | undefined;
}

/** Docker's names for what a tenant has not, or has under another name. */
const reserved = ['bridge', 'host', 'none'];

/** Throws conflict (name), forbidden (name, subnet), limit (quota, or the provider has no room for another network). */
export async function createNetwork(deps: Deps, ctx: Ctx, input: CreateNetworkInput): Promise<Network> {
  authorize(ctx.principal, 'write');
  const { tenantId } = ctx.principal;
  const actor = actorOf(ctx.principal);
  const { name, labels, internal, attachable = false, ipam = null } = input;
  if (reserved.includes(name)) throw new AppError('forbidden', `The name "${name}" is taken by Docker itself`);
  if (ipam) checkSubnet(ipam, deps.limits.subnets);
  const wanted = { tenantId, id: deps.ids.hex64(), name, labels, internal, attachable, ipam };
  const network = await acceptNetwork(deps.db, wanted, actor, ctx.claim);
  deps.wakeups.wake(eventsTopic(tenantId));
  try {
    await deps.provider.networks.ensure(refOf(network), callOptions());
  } catch (error) {
    // A container's creation ensures it again, so that a provider that is away now does not matter.
    if (isRetryable(error)) {
      ctx.log.warn({ err: error, network: network.id }, 'a network is not at the provider yet');
      return network;
    }
    await deleteNetwork(deps.db, tenantId, network.id, actor);
    throw error;
  }
  return network;
}

/** By id, name or unique prefix of an id. Throws not_found. */
export async function getNetwork(deps: Deps, ctx: Ctx, reference: string): Promise<Network> {
  const [network] = await findNetworks(deps.db, ctx.principal.tenantId, [reference]);
  if (!network) throw notFound('network', reference);
  return network;
}

/** Newest first; one more than the page's limit when there are more. */
export function listNetworks(deps: Deps, ctx: Ctx, filter: NetworkFilter, page: Page): Promise<Network[]> {
  return readNetworks(deps.db, ctx.principal.tenantId, filter, page);
}

/** Every one, newest first. */
export const listAllNetworks = (deps: Deps, ctx: Ctx): Promise<Network[]> =>
  allNetworks(deps.db, ctx.principal.tenantId);

/** Throws conflict for the default network and for one that containers are attached to, stopped ones included. */
export async function removeNetwork(deps: Deps, ctx: Ctx, reference: string): Promise<void> {
  authorize(ctx.principal, 'write');
  const network = await getNetwork(deps, ctx, reference);
  if (network.isDefault) throw new AppError('conflict', 'The default network cannot be removed');
  if (await remove(deps, network, actorOf(ctx.principal))) return;
  await getNetwork(deps, ctx, network.id);
  throw new AppError('conflict', `The network "${network.name}" is in use by containers; remove them first`);
}

/** Removes every network that no container is attached to and that is `wanted`, but the default one. */
export async function pruneNetworks(
  deps: Deps,
  ctx: Ctx,
  wanted: (network: Network) => boolean = () => true,
): Promise<Network[]> {
  authorize(ctx.principal, 'write');
  const removed: Network[] = [];
  for (const network of await unusedNetworks(deps.db, ctx.principal.tenantId)) {
    if (wanted(network) && (await remove(deps, network, actorOf(ctx.principal)))) removed.push(network);
  }
  return removed;
}

/** False when it is in use or gone already. */
async function remove(deps: Deps, network: Network, actor: Actor): Promise<boolean> {
  const { tenantId } = network;
  if (!(await deleteNetwork(deps.db, tenantId, network.id, actor))) return false;
  deps.wakeups.wake(eventsTopic(tenantId));
  try {
    await deps.provider.networks.remove(refOf(network), callOptions());
  } catch (error) {
    deps.log.warn({ err: error, network: network.id }, 'a removed network is left to the sweeper');
  }
  return true;
}

const refOf = ({ providerKey, tenantId, internal, ipam }: Network) => ({ key: providerKey, tenantId, internal, ipam });

/** The tenant's networks that a spec names, or its default one. Throws not_found naming the network, invalid when one is named twice. */
export async function resolveAttachments(deps: Deps, ctx: Ctx, spec: ContainerSpec): Promise<Attachment[]> {
  if (spec.noNetwork) return [];
  const wanted = spec.networks.length > 0 ? spec.networks : [{ name: DEFAULT_NETWORK, aliases: [] }];
  const found = await findNetworks(
    deps.db,
    ctx.principal.tenantId,
    wanted.map(({ name }) => name),
  );
  const attachments = wanted.map(({ name, aliases }, position) => {
    const network = found[position];
    if (!network) throw notFound('network', name);
    return attachmentTo(network, aliases);
  });
  attachments.forEach(({ networkId }, position) => {
    if (attachments.findIndex((other) => other.networkId === networkId) === position) return;
    const message = `the network "${wanted[position]?.name}" is named twice`;
    const path = `networks.${position}`;
    throw new AppError('invalid', `${path}: ${message}`, { details: { fields: [{ path, message }] } });
  });
  return attachments;
}

export function attachmentTo(network: Network, aliases: string[]): Attachment {
  const { id, name, isDefault, internal, ipam, providerKey } = network;
  return { networkId: id, name, isDefault, internal, ipam, key: providerKey, aliases };
}
