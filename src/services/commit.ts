/** An image made of a container. It is made whether or not its client waits: half of it would be left for nobody. */
import type { Ctx, Deps } from '../context.ts';
import { keepImage } from '../db/image-changes.ts';
import { findImage } from '../db/images.ts';
import { type Container, statusOf } from '../domain/container.ts';
import { parseChanges } from '../domain/dockerfile-changes.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import type { Image, ImageTag } from '../domain/image.ts';
import { type ImageConfigChange, mergeConfigChanges } from '../domain/image-config-change.ts';
import { actorOf } from '../domain/principal.ts';
import { DUE_TOPIC } from '../domain/wakeups.ts';
import { undisturbed } from '../reconcile/undisturbed.ts';
import { authorize } from './authorize.ts';
import { tellOf } from './happenings.ts';
import { confirmHold, releaseHold } from './image-holds.ts';
import { asTag } from './image-references.ts';
import { requireImage } from './images.ts';
import { madeContainer, runOf } from './live-run.ts';

export interface CommitContainerInput {
  /** Null: an image without a name. */
  tag: ImageTag | null;
  author: string;
  comment: string;
  /** Freezes its processes meanwhile. */
  pause: boolean;
  /** Instructions of a Dockerfile, one or more a text. */
  changes: string[];
  /** Comes before what the instructions say. */
  config: ImageConfigChange;
}

const COMMIT_SECONDS = 15 * 60;
const WAIT_SECONDS = 20;

/** Throws invalid (changes, name), not_found, unsupported, limit (quota), and conflict where it has no files. */
export async function commitContainer(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: CommitContainerInput,
): Promise<Image> {
  authorize(ctx.principal, 'write');
  const { commit } = deps.provider;
  if (!commit) throw lacking(deps.provider.name, 'commit');
  const { author, comment, changes } = input;
  const { tenantId } = ctx.principal;
  const tag = input.tag && asTag(input.tag);
  const container = await madeContainer(deps, ctx, reference, 'commit');
  const config = mergeConfigChanges(parseChanges(changes, await configOf(deps, container)), input.config);
  const pause = input.pause && statusOf(container) === 'running';
  const make = (made: Container) =>
    commit(
      runOf(made),
      { tenantId, author, comment, pause, config },
      { signal: AbortSignal.timeout(COMMIT_SECONDS * 1000) },
    );
  const details = await (pause ? undisturbed(deps, container, WAIT_SECONDS, make) : make(container));
  if (pause) deps.wakeups.wake(DUE_TOPIC);
  const name = tag ? `${tag.repository}:${tag.tag}` : details.id;
  try {
    const actor = actorOf(ctx.principal);
    await keepImage(deps.db, {
      ...{ tenantId, details, tag, name, actor },
      repoDigests: [],
      event: 'committed',
      claim: ctx.claim,
    });
  } catch (error) {
    await releaseHold(deps, tenantId, details.id);
    throw error;
  }
  await tellOf(deps, ctx, container, 'committed', { imageId: details.id, imageRef: tag ? name : '' });
  if (!(await confirmHold(deps, tenantId, details.id))) {
    throw new AppError('unavailable', 'The image was removed while it was made; commit again');
  }
  return requireImage(deps, ctx, details.id);
}

/** What instructions start from: variables and folder as the container has them. */
async function configOf({ db }: Deps, { tenantId, imageId, spec }: Container) {
  const image = (await findImage(db, tenantId, imageId))?.config;
  const ofImage = (image?.env ?? []).map((text) => {
    const equals = text.indexOf('=');
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return { env: { ...Object.fromEntries(ofImage), ...spec.env }, workdir: spec.workdir ?? image?.workdir ?? '/' };
}
