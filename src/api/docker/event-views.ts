/** Events of our log in Docker's words: none, one or several actions for each. Pure. */
import { constants } from 'node:os';
import type { TenantEvent } from '../../domain/event.ts';
import { networkNameOf } from './network-views.ts';

/** What is known of the object beside its event, if it is still known. */
export interface EventSubject {
  labels: Record<string, string>;
  /** Of a container: the image it was asked for. */
  image: string | null;
  stopSignal: string | null;
}

export interface Action {
  action: string;
  attributes: Record<string, string>;
}

const plain = (action: string): Action => ({ action, attributes: {} });

function actionsOf(event: TenantEvent, subject: EventSubject | null): Action[] {
  const { kind, type, data } = event;
  switch (kind) {
    case 'container':
      return ofContainer(event, subject);
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

function ofContainer({ type, data, cause }: TenantEvent, subject: EventSubject | null): Action[] {
  switch (type) {
    case 'created':
      // Further incarnations are no affair of a tenant's.
      return data.incarnation === 1 ? [plain('create')] : [];
    case 'started':
      return data.restarted ? [plain('start'), plain('restart')] : [plain('start')];
    case 'exited': {
      const died = { action: 'die', attributes: { exitCode: String(data.exitCode ?? '') } };
      return [...(data.oomKilled ? [plain('oom')] : []), died, ...(data.stopped ? [plain('stop')] : [])];
    }
    case 'accepted.kill':
      return [{ action: 'kill', attributes: { signal: signalNumber(String(data.signal ?? 'KILL')) } }];
    case 'accepted.stop':
    case 'accepted.restart': {
      const signal = typeof data.signal === 'string' ? data.signal : (subject?.stopSignal ?? 'TERM');
      return data.wasUp === false ? [] : [{ action: 'kill', attributes: { signal: signalNumber(signal) } }];
    }
    case 'accepted.rename':
      return [{ action: 'rename', attributes: { oldName: `/${data.oldName ?? ''}` } }];
    case 'health':
      return [plain(`health_status: ${cause}`)];
    default:
      return containerActions[type] ? [plain(containerActions[type])] : [];
  }
}

const containerActions: Record<string, string> = {
  paused: 'pause',
  unpaused: 'unpause',
  'accepted.update': 'update',
  removed: 'destroy',
};

const signals: Record<string, number> = constants.signals;
const signalNumber = (name: string): string => String(signals[`SIG${name}`] ?? name);

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
  return actionsOf(event, subject).map(({ action, attributes }): Message => {
    const id = kind === 'image' && action === 'pull' ? name : resourceId;
    const image: Record<string, string> = kind === 'container' ? { image: subject?.image ?? '' } : {};
    return {
      ...(kind === 'container' || kind === 'image' ? { status: action, id } : {}),
      ...(kind === 'container' ? { from: subject?.image ?? '' } : {}),
      Type: kind,
      Action: action,
      Actor: { ID: id, Attributes: { ...subject?.labels, ...image, ...attributes, ...nameIn(event) } },
      scope: 'local',
      time: Math.floor(ms / 1000),
      timeNano: ms * 1_000_000,
    };
  });
}

function nameIn({ kind, name }: TenantEvent): Record<string, string> {
  if (kind === 'volume') return { driver: 'local' };
  if (kind === 'network') return { name: networkNameOf({ name, isDefault: name === 'default' }), type: 'bridge' };
  return { name };
}
