/** Creating and reading containers. */
import type { Ctx, Deps } from '../context.ts';
import { type Accepted, acceptCreate, type CreateIntent } from '../db/accept.ts';
import {
  type ContainerFilter,
  findContainer,
  findContainerById,
  findShownContainer,
  listContainers as readContainers,
} from '../db/containers.ts';
import { listOperations } from '../db/operations.ts';
import type { Page } from '../db/paging.ts';
import type { Container, ShownContainer } from '../domain/container.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { type Image, isForPlatform } from '../domain/image.ts';
import type { Operation } from '../domain/operation.ts';
import { actorOf } from '../domain/principal.ts';
import { providerKey } from '../domain/provider-key.ts';
import { LeaseWish } from '../reconcile/lease.ts';
import { scheduled } from '../reconcile/schedule.ts';
import { authorize } from './authorize.ts';
import { resolveBinds } from './binds.ts';
import { checkExecutable, checkSupported, withDefaults } from './check-spec.ts';
import { completeSpec } from './complete-spec.ts';
import { generatedName } from './generated-name.ts';
import { requireImage } from './images.ts';
import { resolveAttachments } from './networks.ts';
import { settle } from './settle.ts';
import { volumesOf } from './volumes.ts';

export interface CreateContainerInput {
  name?: string | undefined;
  spec: ContainerSpec;
  start: boolean;
  /** What the image must be made for, as Docker writes it; absent: whatever it is. */
  platform?: string | undefined;
}

export interface CreateResult {
  container: Container;
  converged: boolean;
  operationId: string;
}

const CREATE_SECONDS = 20;
/** Generated names that may turn out to be taken, one after the other. */
const NAME_ATTEMPTS = 8;
const WHOLE_PAGE = 1000;

/**
 * Throws not_found (image, network), conflict (name), limit (quota), unsupported or forbidden (a field of the spec), and
 * whatever ended a start that was asked for; the container exists then, and the details carry its id.
 */
export async function createContainer(deps: Deps, ctx: Ctx, input: CreateContainerInput): Promise<CreateResult> {
  authorize(ctx.principal, 'write');
  using _place = deps.places.verbs.take(ctx.principal.tenantId);
  const asked = withDefaults(input.spec, deps.limits);
  checkSupported(asked, deps.provider, deps.limits);
  const { tenantId } = ctx.principal;
  const id = deps.ids.hex64();
  const [found, attached] = await Promise.allSettled([
    requireImage(deps, ctx, asked.image),
    resolveAttachments(deps, ctx, asked),
  ]);
  // A missing image is told first, because Docker's clients pull it then.
  if (found.status === 'rejected') throw found.reason;
  const image = found.value;
  if (input.platform !== undefined && !isForPlatform(image, input.platform)) throw wrongPlatform(image, input);
  checkExecutable(asked, image.config);
  const spec = await resolveBinds(deps, ctx, await completeSpec(deps, ctx, asked, image.config));
  if (attached.status === 'rejected') throw attached.reason;
  const operationId = deps.ids.uuid();
  const intent = {
    tenantId,
    id,
    spec,
    imageId: image.id,
    start: input.start,
    provider: deps.provider.name,
    providerKey: providerKey(id, 1),
    operationId,
    actor: actorOf(ctx.principal),
    attachments: attached.value,
    volumes: volumesOf(deps.ids, spec),
    claim: ctx.claim,
  };
  const { container, lease } = await scheduled(deps, async () => {
    const wish = new LeaseWish(deps, operationId);
    const { name } = input;
    const { container, claimed } =
      name === undefined
        ? await acceptUnderGeneratedName(deps, { ...intent, wish })
        : await acceptCreate(deps.db, { ...intent, name, wish });
    return { container, lease: wish.granted(claimed) };
  });
  return { ...(await settle(deps, container, operationId, CREATE_SECONDS, lease)), operationId };
}

/** A generated name that is taken is nobody's fault: another one is tried. */
async function acceptUnderGeneratedName(deps: Deps, intent: Omit<CreateIntent, 'name'>): Promise<Accepted> {
  for (let attempt = 1; ; attempt++) {
    const name = generatedName(deps.ids);
    try {
      return await acceptCreate(deps.db, { ...intent, name });
    } catch (error) {
      const isTaken = error instanceof AppError && error.details.takenName === name;
      if (!isTaken || attempt === NAME_ATTEMPTS) throw error;
    }
  }
}

/** The image that is meant is another one, and missing. */
const wrongPlatform = ({ os, architecture }: Image, { platform, spec }: CreateContainerInput): AppError =>
  new AppError(
    'not_found',
    `No such image: ${spec.image} for ${platform}; the one that is there is for ${os}/${architecture}`,
  );

/** By id, unique id prefix or name. Throws not_found alike for missing and for foreign ones. */
export async function getContainer(deps: Deps, ctx: Ctx, reference: string): Promise<Container> {
  const container = await findContainer(deps.db, ctx.principal.tenantId, reference);
  if (!container) throw notFound('container', reference);
  return container;
}

/** The same to be looked at: cheaper, and nothing to act on. */
export async function showContainer(deps: Deps, ctx: Ctx, reference: string): Promise<ShownContainer> {
  const container = await findShownContainer(deps.db, ctx.principal.tenantId, reference);
  if (!container) throw notFound('container', reference);
  return container;
}

/** Newest first; one more than the page's limit when there are more. */
export function listContainers(deps: Deps, ctx: Ctx, filter: ContainerFilter, page: Page): Promise<ShownContainer[]> {
  return readContainers(deps.db, ctx.principal.tenantId, filter, page);
}

/** All of them, newest first. */
export async function listAllContainers(deps: Deps, ctx: Ctx, filter: ContainerFilter): Promise<ShownContainer[]> {
  const all: ShownContainer[] = [];
  for (let after: Page['after'] = null; ; ) {
    const found = await listContainers(deps, ctx, filter, { limit: WHOLE_PAGE, after });
    const page = found.slice(0, WHOLE_PAGE);
    all.push(...page);
    const last = page.at(-1);
    if (!last || found.length <= WHOLE_PAGE) return all;
    after = { at: last.createdAt.toISOString(), id: last.id };
  }
}

/** What was asked of it, newest first; one more than the page's limit when there are more. */
export function listContainerOperations(deps: Deps, { tenantId, id }: Container, page: Page): Promise<Operation[]> {
  return listOperations(deps.db, tenantId, id, page);
}

/** By full id, removed ones included. Throws not_found once the tombstone is purged. */
export async function recallContainer(deps: Deps, ctx: Ctx, id: string): Promise<Container> {
  const container = await findContainerById(deps.db, ctx.principal.tenantId, id);
  if (!container) throw notFound('container', id);
  return container;
}
