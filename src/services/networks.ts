/** Networks: making, reading and removing them, and which of them a container joins. */
import type { Ctx, Deps } from '../context.ts';
import { findNetworks } from '../db/networks.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { DEFAULT_NETWORK } from '../domain/network.ts';

export interface Attachment {
  networkId: string;
  aliases: string[];
}

/** The tenant's networks that a spec names, or its default one. Throws not_found naming the network, invalid when one is named twice. */
export async function resolveAttachments(deps: Deps, ctx: Ctx, spec: ContainerSpec): Promise<Attachment[]> {
  const wanted = spec.networks.length > 0 ? spec.networks : [{ name: DEFAULT_NETWORK, aliases: [] }];
  const found = await findNetworks(
    deps.db,
    ctx.principal.tenantId,
    wanted.map(({ name }) => name),
  );
  const attachments = wanted.map(({ name, aliases }, position) => {
    const network = found[position];
    if (!network) throw notFound('network', name);
    return { networkId: network.id, aliases };
  });
  attachments.forEach(({ networkId }, position) => {
    if (attachments.findIndex((other) => other.networkId === networkId) === position) return;
    const message = `networks.${position}: the network "${wanted[position]?.name}" is named twice`;
    throw new AppError('invalid', message, { details: { fields: [{ path: `networks.${position}`, message }] } });
  });
  return attachments;
}
