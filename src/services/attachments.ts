/** A container joins or leaves a network: intent by compare-and-set, then inline work, as with every verb. */
import type { Ctx, Deps } from '../context.ts';
import { acceptAttachment } from '../db/attachments.ts';
import { type Container, can, statusOf } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import { type Attachment, MAX_ATTACHMENTS, type Network } from '../domain/network.ts';
import { actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import { scheduled } from '../reconcile/schedule.ts';
import { authorize } from './authorize.ts';
import { ACTION_SECONDS, refusal, type VerbResult } from './container-verbs.ts';
import { getContainer } from './containers.ts';
import { attachmentTo, getNetwork } from './networks.ts';
import { settle } from './settle.ts';

/** Unchanged when it is on the network under these aliases. Throws not_found (either), conflict (other aliases), unsupported. */
export const connectContainer = (deps: Deps, ctx: Ctx, at: { network: string; container: string; aliases: string[] }) =>
  perform(deps, ctx, 'connect', at, ({ name, attachments }, network) => {
    const present = attachments.find(({ networkId }) => networkId === network.id);
    if (present && sameSet(present.aliases, at.aliases)) return null;
    if (present) {
      throw new AppError(
        'conflict',
        `Container ${name} is on network ${network.name} under other aliases; disconnect it`,
      );
    }
    if (attachments.length >= MAX_ATTACHMENTS) {
      throw new AppError('limit', `A container may be on at most ${MAX_ATTACHMENTS} networks`);
    }
    return [...attachments, attachmentTo(network, at.aliases)];
  });

/** Unchanged when it is not on the network. Throws not_found (either), unsupported. */
export const disconnectContainer = (deps: Deps, ctx: Ctx, at: { network: string; container: string }) =>
  perform(deps, ctx, 'disconnect', at, ({ attachments }, network) => {
    const left = attachments.filter(({ networkId }) => networkId !== network.id);
    return left.length === attachments.length ? null : left;
  });

async function perform(
  deps: Deps,
  ctx: Ctx,
  kind: 'connect' | 'disconnect',
  at: { network: string; container: string },
  /** Null: it is so already. */
  change: (container: Container, network: Network) => Attachment[] | null,
): Promise<VerbResult> {
  authorize(ctx.principal, 'write');
  using _place = deps.places.verbs.take(ctx.principal.tenantId);
  if (!deps.provider.networks[kind]) throw lacking(deps.provider.name, `networks.${kind}`);
  for (let attempt = 0; attempt < 10; attempt++) {
    const network = await getNetwork(deps, ctx, at.network);
    const container = await getContainer(deps, ctx, at.container);
    if (can(kind, statusOf(container)) === 'no') throw refusal(kind, container);
    const attachments = change(container, network);
    if (!attachments) return { container, changed: false, converged: true, operationId: null };
    const operationId = deps.ids.uuid();
    const intent = {
      ...{ kind, container, attachments, operationId, isScheduled: deps.schedule !== null },
      network: { networkId: network.id, name: network.name },
      actor: actorOf(ctx.principal),
      claim: ctx.claim,
    };
    const accepted = await scheduled(deps, () => acceptAttachment(deps.db, intent));
    if (!accepted) continue;
    deps.wakeups.wake(eventsTopic(accepted.tenantId));
    return { ...(await settle(deps, accepted, operationId, ACTION_SECONDS)), changed: true, operationId };
  }
  throw new AppError('conflict', 'The container is being changed by others; try again', {
    details: { retryAfterSeconds: 1 },
  });
}

const sameSet = (some: string[], others: string[]): boolean =>
  some.every((name) => others.includes(name)) && others.every((name) => some.includes(name));
