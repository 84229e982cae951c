/** What happens to a tenant's objects and changes no record of them, told to those who follow its events. */
import type { Ctx, Deps } from '../context.ts';
import { type Happening, insertEvents } from '../db/events.ts';
import type { Container } from '../domain/container.ts';
import { actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';

export async function tell(deps: Deps, ctx: Ctx, ...events: Happening[]): Promise<void> {
  const { tenantId } = ctx.principal;
  await insertEvents(deps.db, { tenantId, actor: actorOf(ctx.principal), events });
  deps.wakeups.wake(eventsTopic(tenantId));
}

type ContainerHappening =
  | 'attached'
  | 'resized'
  | 'committed'
  | 'exported'
  | 'archive.read'
  | 'archive.written'
  | 'listed';

export const tellOf = (
  deps: Deps,
  ctx: Ctx,
  { id, name }: Pick<Container, 'id' | 'name'>,
  type: ContainerHappening,
  data: Happening['data'] = {},
): Promise<void> => tell(deps, ctx, { kind: 'container', type, resourceId: id, name, data });
