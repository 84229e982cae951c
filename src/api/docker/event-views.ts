/** Events of our log in Docker's words: none, one or several actions for each. Pure. */
import type { TenantEvent } from '../../domain/event.ts';
import { type Action, type ContainerSubject, containerActions, plain } from './container-event-views.ts';
import { networkNameOf } from './network-views.ts';

/** What is known of the object beside its event, if it is still known. */
export interface EventSubject {
  labels: Record<string, string>;
  container: ContainerSubject | null;
}

function actionsOf(event: TenantEvent, subject: EventSubject | null): Action[] {
  const { kind, type, data } = event;
  switch (kind) {
    case 'container':
      return containerActions(event, subject?.container ?? null);
    case 'image':
      return imageActions[type] ? [plain(imageActions[type])] : [];
    case 'network':
      if (!networkActions[type]) return [];
      return [
        { action: networkActions[type], attributes: data.container ? { container: String(data.container) } : {} },
      ];
    case 'volume':
      return networkActions[type] ? [plain(networkActions[type])] : [];
    default:
      return [];
  }
}

const networkActions: Record<string, string> = {
  created: 'create',
  removed: 'destroy',
  connected: 'connect',
  disconnected: 'disconnect',
};
/** A build ends with its tag, as the Engine's does. */
const imageActions: Record<string, string> = {
  pulled: 'pull',
  pushed: 'push',
  tagged: 'tag',
  built: 'tag',
  untagged: 'untag',
  removed: 'delete',
  loaded: 'load',
  saved: 'save',
  imported: 'import',
};

export interface Message {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: 'local';
  time: number;
  timeNano: number;
  /** What the oldest clients look at; of containers and images only. */
  status?: string;
  id?: string;
  from?: string;
}

export function toMessages(event: TenantEvent, subject: EventSubject | null): Message[] {
  const { kind, resourceId, name, at } = event;
  const ms = at.getTime();
  const when = { scope: 'local' as const, time: Math.floor(ms / 1000), timeNano: ms * 1_000_000 };
  return actionsOf(event, subject).map(({ action, attributes, of }): Message => {
    if (of) return { Type: of.kind, Action: action, Actor: { ID: of.id, Attributes: attributes }, ...when };
    const id = kind === 'image' && action === 'pull' ? name : resourceId;
    const from = subject?.container?.image ?? '';
    const image: Record<string, string> = kind === 'container' ? { image: from } : {};
    return {
      ...(kind === 'container' || kind === 'image' ? { status: action, id } : {}),
      ...(kind === 'container' ? { from } : {}),
      Type: kind,
      Action: action,
      Actor: { ID: id, Attributes: { ...subject?.labels, ...image, ...attributes, ...nameIn(event) } },
      ...when,
    };
  });
}

function nameIn({ kind, name }: TenantEvent): Record<string, string> {
  if (kind === 'volume') return { driver: 'local' };
  if (kind === 'network') return { name: networkNameOf({ name, isDefault: name === 'default' }), type: 'bridge' };
  return { name };
}
