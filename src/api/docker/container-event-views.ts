/** Events of containers in Docker's words, and what they mean for the volumes and networks of these. Pure. */
import { constants } from 'node:os';
import type { TenantEvent } from '../../domain/event.ts';
import type { Attachment } from '../../domain/network.ts';
import { networkNameOf } from './network-views.ts';

export interface ContainerSubject {
  /** The one it was asked for. */
  image: string;
  stopSignal: string | null;
  volumes: { name: string; target: string; readOnly: boolean }[];
  networks: Pick<Attachment, 'networkId' | 'name' | 'isDefault'>[];
  /** Of the exec that the event is about. */
  command: string | null;
}

export interface Action {
  action: string;
  attributes: Record<string, string>;
  /** Another object than the event's. */
  of?: { kind: 'volume' | 'network'; id: string };
}

export const plain = (action: string): Action => ({ action, attributes: {} });

export function containerActions(event: TenantEvent, subject: ContainerSubject | null): Action[] {
  const { type, data, cause } = event;
  switch (type) {
    case 'created':
      // Further incarnations are no affair of a tenant's.
      return data.incarnation === 1 ? [plain('create')] : [];
    case 'started':
      return [...joined(event, subject), plain('start'), ...(data.restarted ? [plain('restart')] : [])];
    case 'exited': {
      const died = { action: 'die', attributes: { exitCode: String(data.exitCode ?? '') } };
      const end = [...(data.oomKilled ? [plain('oom')] : []), died, ...left(event, subject)];
      return data.stopped ? [...end, plain('stop')] : end;
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
    case 'exec.created':
    case 'exec.started': {
      const action = type === 'exec.created' ? 'exec_create' : 'exec_start';
      const command = subject?.command ? `: ${subject.command}` : '';
      return [{ action: action + command, attributes: { execID: String(data.execId) } }];
    }
    case 'exec.ended':
      return [
        { action: 'exec_die', attributes: { execID: String(data.execId), exitCode: String(data.exitCode ?? '') } },
      ];
    case 'resized':
      return [{ action: 'resize', attributes: { height: String(data.rows), width: String(data.columns) } }];
    case 'committed':
      return [{ action: 'commit', attributes: { imageID: String(data.imageId), imageRef: String(data.imageRef) } }];
    default:
      return simpleActions[type] ? [plain(simpleActions[type])] : [];
  }
}

const simpleActions: Record<string, string> = {
  paused: 'pause',
  unpaused: 'unpause',
  'accepted.update': 'update',
  removed: 'destroy',
  attached: 'attach',
  exported: 'export',
  'archive.read': 'archive-path',
  'archive.written': 'extract-to-dir',
  listed: 'top',
};

const signals: Record<string, number> = constants.signals;
const signalNumber = (name: string): string => String(signals[`SIG${name}`] ?? name);

/** A start mounts its volumes and joins its networks. */
function joined({ resourceId }: TenantEvent, subject: ContainerSubject | null): Action[] {
  const mounts = (subject?.volumes ?? []).map(({ name, target, readOnly }): Action => {
    const where = { container: resourceId, destination: target, driver: 'local', propagation: '' };
    const attributes = { ...where, 'read/write': String(!readOnly) };
    return { action: 'mount', attributes, of: { kind: 'volume', id: name } };
  });
  return [...mounts, ...ofNetworks('connect', resourceId, subject)];
}

function left({ resourceId }: TenantEvent, subject: ContainerSubject | null): Action[] {
  const unmounts = (subject?.volumes ?? []).map(({ name }): Action => {
    const attributes = { container: resourceId, driver: 'local' };
    return { action: 'unmount', attributes, of: { kind: 'volume', id: name } };
  });
  return [...ofNetworks('disconnect', resourceId, subject), ...unmounts];
}

function ofNetworks(action: string, container: string, subject: ContainerSubject | null): Action[] {
  return (subject?.networks ?? []).map((network) => ({
    action,
    attributes: { container, name: networkNameOf(network), type: 'bridge' },
    of: { kind: 'network', id: network.networkId },
  }));
}
