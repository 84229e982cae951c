/** `docker ps --filter` and its kin, on containers that were read already. Pure. */
import { type ContainerStatus, containerStatuses, type ShownContainer, statusOf } from '../../domain/container.ts';
import type { ContainerDetails } from '../../domain/container-details.ts';
import { AppError } from '../../domain/errors.ts';
import { parseMoment, resolveMoment } from '../../domain/moment.ts';
import { dockerStatus, dockerStatuses, shownAs } from './container-status.ts';
import { labelsOf } from './labels.ts';
import { type Filters, hasLabels } from './query.ts';
import { portKey } from './translate-ports.ts';

export const containerFilters = [
  ...['ancestor', 'before', 'exited', 'expose', 'health', 'id', 'is-task', 'isolation', 'label', 'name', 'network'],
  ...['publish', 'since', 'status', 'volume'],
];
export const pruneFilters = ['label', 'label!', 'until'];

/** Those that run, all, or those of the filter. Throws invalid for a status that Docker does not have. */
export function shownStatuses(filters: Filters, all: boolean): ContainerStatus[] | undefined {
  const asked = filters.get('status');
  const wanted = asked ?? (all || filters.has('exited') ? undefined : ['running', 'paused', 'restarting']);
  if (!wanted) return undefined;
  for (const status of wanted) {
    if (!dockerStatuses.some((known) => known === status)) {
      throw new AppError('invalid', `invalid filter 'status=${status}'`);
    }
  }
  return containerStatuses.filter((status) => shownAs(status).some((shown) => wanted.includes(shown)));
}

type Test = (container: ContainerDetails) => boolean;

/** @param among what `before` and `since` may refer to; @param nowMs for `until` */
export function matching(filters: Filters, among: ContainerDetails[], nowMs = 0): Test {
  const tests = [...filters].map(([key, values]) => testOf(key, values, among, nowMs));
  return (container) => hasLabels(labelsOf(container), filters) && tests.every((test) => test(container));
}

function testOf(key: string, values: readonly string[], among: ContainerDetails[], nowMs: number): Test {
  const some = (check: (container: ContainerDetails, value: string) => boolean): Test => {
    return (container) => values.some((value) => check(container, value));
  };
  switch (key) {
    case 'id':
      return some(({ id }, value) => id.startsWith(value));
    case 'name':
      return some(({ name }, value) => matchesName(name, value));
    case 'ancestor':
      return some(isMadeOf);
    case 'status':
      return some((container, value) => dockerStatus(container) === value);
    case 'exited':
      return some((container, value) => statusOf(container) === 'exited' && container.run.exitCode === Number(value));
    case 'health':
      return some(({ run }, value) => run.health === value);
    case 'network':
      return some(({ attachments }, value) =>
        attachments.some(({ name, networkId, isDefault }) =>
          isDefault ? ['bridge', name, networkId].includes(value) : [name, networkId].includes(value),
        ),
      );
    case 'volume':
      return some(({ spec, volumes }, value) => {
        const hasPath = spec.mounts.some(({ type, target }) => type !== 'tmpfs' && target === value);
        return hasPath || volumes.some(({ name }) => name === value);
      });
    case 'publish':
      return some(({ run }, value) => run.ports.some(({ hostPort, protocol }) => isPort(value, hostPort, protocol)));
    case 'expose':
      return some(({ spec, image }, value) => {
        const exposed = [...spec.ports, ...(spec.expose ?? [])].map(portKey);
        return [...exposed, ...(image?.exposedPorts ?? [])].some((key) => isPortKey(value, key));
      });
    case 'before':
      return some((container, value) => container.createdAt < referred(among, value).createdAt);
    case 'since':
      return some((container, value) => container.createdAt > referred(among, value).createdAt);
    case 'until':
      return some(({ createdAt }, value) => createdAt.getTime() <= momentOf(value, nowMs) * 1000);
    case 'is-task':
      return some((_, value) => value === 'false' || value === '0');
    default:
      // Labels are looked at together; isolation is a word of Windows.
      return () => true;
  }
}

/** Docker takes a regular expression; here it is a part of the name, or with ^ and $ its beginning or end. */
function matchesName(name: string, pattern: string): boolean {
  const [, start, text = '', end] = /^(\^?)\/?(.*?)(\$?)$/s.exec(pattern) ?? [];
  if (start && end) return name === text;
  if (start) return name.startsWith(text);
  return end ? name.endsWith(text) : name.includes(text);
}

function isMadeOf({ spec, imageId }: ShownContainer, value: string): boolean {
  const id = imageId.replace('sha256:', '');
  return (
    spec.image === value ||
    spec.image === `${value}:latest` ||
    imageId === value ||
    (/^[0-9a-f]{4,}$/.test(value) && id.startsWith(value))
  );
}

function isPort(value: string, port: number, protocol: string): boolean {
  const [range = '', wanted = 'tcp'] = value.split('/');
  const [first, last = first] = range.split('-').map(Number);
  return protocol === wanted && first !== undefined && last !== undefined && port >= first && port <= last;
}

function isPortKey(value: string, key: string): boolean {
  const [port, protocol = 'tcp'] = key.split('/');
  return isPort(value, Number(port), protocol);
}

function referred(among: ShownContainer[], value: string): ShownContainer {
  const found = among.find(({ id, name }) => name === value || id.startsWith(value));
  if (!found) throw new AppError('not_found', `No such container: ${value}`);
  return found;
}

function momentOf(text: string, nowMs: number): number {
  const seconds = resolveMoment(parseMoment(text) ?? undefined, nowMs);
  if (seconds === undefined) throw new AppError('invalid', `Invalid filter 'until=${text}'`);
  return seconds;
}
