/** GET /events: a tenant's own, in Docker's words, as they happened and as they come. */
import type { Ctx, Deps } from '../../context.ts';
import { AppError } from '../../domain/errors.ts';
import type { TenantEvent } from '../../domain/event.ts';
import { parseMoment, resolveMoment } from '../../domain/moment.ts';
import { describeContainer } from '../../services/container-details.ts';
import { recallContainer } from '../../services/containers.ts';
import { getExec } from '../../services/exec-records.ts';
import { requireImage } from '../../services/images.ts';
import { type EventSpan, eventsBetween } from '../../services/past-events.ts';
import type { ContainerSubject } from './container-event-views.ts';
import { eventFilters, passes } from './event-filters.ts';
import { type EventSubject, toMessages } from './event-views.ts';
import type { Filters, Query } from './query.ts';
import { type Handler, streaming } from './request.ts';

/** Of so many objects, and of so many commands, a stream remembers what it shows of them. */
const REMEMBERED = 500;

export const events: Handler = async (door, request) => {
  const { deps } = door;
  const { ctx, query } = request;
  const filters = query.filters(eventFilters);
  const now = deps.clock.now();
  const span = { since: momentOf(query, 'since', now), until: momentOf(query, 'until', now) };
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: streaming(door, request, (signal) => lines(deps, ctx, span, filters, signal), true),
  };
};

function momentOf(query: Query, name: string, nowMs: number): number | undefined {
  const text = query.text(name);
  if (text === undefined) return undefined;
  const seconds = resolveMoment(parseMoment(text) ?? undefined, nowMs);
  if (seconds === undefined) throw new AppError('invalid', `Invalid value for ${name}: ${JSON.stringify(text)}`);
  return seconds;
}

async function* lines(deps: Deps, ctx: Ctx, span: EventSpan, filters: Filters, signal: AbortSignal) {
  const subjects = new Remembered((event) => unlessGone(subjectOf(deps, ctx, event)));
  const commands = new Remembered((event) => unlessGone(commandOf(deps, ctx, event)));
  for await (const event of eventsBetween(deps, ctx, span, signal)) {
    const { kind, data, resourceId } = event;
    if (kind === 'network' && data.container) subjects.forget(`container ${data.container}`);
    const subject = await subjects.of(`${kind} ${resourceId}`, event);
    const command = data.execId ? await commands.of(String(data.execId), event) : null;
    for (const message of toMessages(event, subject && withCommand(subject, command))) {
      if (passes(message, filters)) yield Buffer.from(`${JSON.stringify(message)}\n`);
    }
  }
}

const withCommand = ({ labels, container }: EventSubject, command: string | null): EventSubject => ({
  labels,
  container: container && { ...container, command },
});

/** What is known of the newest objects of a stream. */
class Remembered<T> {
  readonly #known = new Map<string, T | null>();
  readonly #find: (event: TenantEvent) => Promise<T | null>;

  constructor(find: (event: TenantEvent) => Promise<T | null>) {
    this.#find = find;
  }

  async of(key: string, event: TenantEvent): Promise<T | null> {
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    const value = await this.#find(event);
    this.#known.set(key, value);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return value;
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}

async function subjectOf(deps: Deps, ctx: Ctx, { kind, resourceId }: TenantEvent): Promise<EventSubject | null> {
  if (kind === 'container') return containerOf(deps, ctx, resourceId);
  if (kind !== 'image') return null;
  const { config } = await requireImage(deps, ctx, resourceId);
  return { labels: config.labels, container: null };
}

/** Of one that is removed, which volumes it made for itself is not known any more. */
async function containerOf(deps: Deps, ctx: Ctx, id: string): Promise<EventSubject> {
  const details = await unlessGone(describeContainer(deps, ctx, id));
  const { spec, attachments } = details ?? (await recallContainer(deps, ctx, id));
  const volumes = spec.mounts.flatMap((mount, position): ContainerSubject['volumes'] => {
    if (mount.type !== 'volume') return [];
    const name = details?.volumes.find((volume) => volume.position === position)?.name ?? mount.source;
    return name === undefined ? [] : [{ name, target: mount.target, readOnly: mount.readOnly }];
  });
  const { image, stop } = spec;
  const container = { image, stopSignal: stop.signal ?? null, volumes, networks: attachments, command: null };
  return { labels: spec.labels, container };
}

async function commandOf(deps: Deps, ctx: Ctx, { data }: TenantEvent): Promise<string> {
  return (await getExec(deps, ctx, String(data.execId))).spec.command.join(' ');
}

/** Null where there is nothing more to tell, or no row that tells it any more. */
async function unlessGone<T>(finding: Promise<T>): Promise<T | null> {
  try {
    return await finding;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return null;
    throw error;
  }
}
