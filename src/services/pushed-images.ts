/**
 * Pushing without us: a password for the provider's own registry, and what was pushed with it becomes images of the tenant when it next
 * looks at its images.
 */
import type { Ctx, Deps } from '../context.ts';
import { keepImage } from '../db/image-changes.ts';
import { AppError } from '../domain/errors.ts';
import { systemActor } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import type { PushAccess, PushedImage } from '../providers/provider.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { authorize } from './authorize.ts';
import { tell } from './happenings.ts';
import { confirmHold, releaseHold } from './image-holds.ts';

export type { PushAccess };

/** Throws forbidden by role, invalid (a name), unsupported where the provider has no registry for it, rate_limited. The password is kept nowhere. */
export async function grantPush(deps: Deps, ctx: Ctx, repositories: string[]): Promise<PushAccess> {
  authorize(ctx.principal, 'write');
  const { pushAccess } = deps.provider.images;
  if (!pushAccess) {
    throw new AppError(
      'unsupported',
      'Nobody pushes past Longshore here: the provider has no registry, or on AWS no LONGSHORE_AWS_PUSH_ROLE; push to another registry and pull, or load an archive',
    );
  }
  const { tenantId } = ctx.principal;
  using _place = deps.places.looks.take(tenantId);
  const access = await pushAccess({ tenantId, repositories }, callOptions());
  const name = access.repositories[0] ?? access.registry;
  await tell(deps, ctx, {
    ...({ kind: 'image', type: 'push.granted' } as const),
    ...{ resourceId: name, name, data: { expiresAt: access.expiresAt.toISOString() } },
  });
  return access;
}

const PAUSE_MS = 5_000;
const LOOK_MS = 15_000;

/** When a tenant was last looked for, and what came of it, in this process. */
const looked = new WeakMap<Deps, Map<string, { at: number; taken: Promise<number> }>>();

/** Whether there were new ones. Looks at most once in a while, and never throws: what is not found now is found later. */
export async function takeInPushed(deps: Deps, tenantId: string): Promise<boolean> {
  if (!deps.provider.images.pushed) return false;
  const tenants = looked.get(deps) ?? new Map<string, { at: number; taken: Promise<number> }>();
  looked.set(deps, tenants);
  const now = deps.clock.now();
  const last = tenants.get(tenantId);
  if (last && now - last.at < PAUSE_MS) return (await last.taken) > 0;
  const taken = takeIn(deps, tenantId).catch((error: unknown) => {
    deps.log.warn({ err: error, tenantId }, 'what was pushed is not taken in yet');
    return 0;
  });
  tenants.set(tenantId, { at: now, taken });
  for (const [id, { at }] of tenants) if (now - at > LOOK_MS + PAUSE_MS) tenants.delete(id);
  return (await taken) > 0;
}

async function takeIn(deps: Deps, tenantId: string): Promise<number> {
  let taken = 0;
  const signal = AbortSignal.timeout(LOOK_MS);
  for await (const image of deps.provider.images.pushed?.(tenantId, { signal }) ?? []) {
    await record(deps, tenantId, image);
    taken += 1;
  }
  if (taken > 0) deps.wakeups.wake(eventsTopic(tenantId));
  return taken;
}

/** Throws limit; the image is then not held either, and told again. */
async function record(deps: Deps, tenantId: string, { repository, tag, digest, details }: PushedImage): Promise<void> {
  try {
    await keepImage(deps.db, {
      ...{ tenantId, details, repoDigests: [`${repository}@${digest}`], tag: { repository, tag } },
      ...{ name: `${repository}:${tag}`, event: 'pushed', actor: systemActor },
    });
  } catch (error) {
    // Without a row there is to be no hold; another row may be of the same image.
    await releaseHold(deps, tenantId, details.id);
    throw error;
  }
  await confirmHold(deps, tenantId, details.id);
}
