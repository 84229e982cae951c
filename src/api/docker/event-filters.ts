/** `docker events --filter`, on messages as they are sent. Pure. */
import type { Message } from './event-views.ts';
import { type Filters, hasLabels } from './query.ts';

export const eventFilters = [
  ...['config', 'container', 'daemon', 'event', 'image', 'label', 'network', 'node', 'plugin', 'scope', 'secret'],
  ...['service', 'type', 'volume'],
];

/** Names of one kind of object: its id, the beginning of one, or its name. */
const byName = ({ Actor }: Message, value: string): boolean =>
  Actor.ID.startsWith(value) || Actor.Attributes.name === value;

const tests: Record<string, (message: Message, value: string) => boolean> = {
  event: ({ Action }, value) => Action === value || Action.split(':')[0] === value,
  type: ({ Type }, value) => Type === value,
  scope: ({ scope }, value) => scope === value,
  container: (message, value) => message.Type === 'container' && byName(message, value),
  network: (message, value) => message.Type === 'network' && byName(message, value),
  volume: ({ Type, Actor }, value) => Type === 'volume' && Actor.ID === value,
  image: ({ Type, Actor }, value) => {
    const name = (Type === 'image' ? Actor.Attributes.name : Actor.Attributes.image) ?? '';
    return [Actor.ID, name, withoutTag(name)].includes(value) || `${name}:latest` === value;
  },
};

const withoutTag = (name: string): string => name.replace(/:[^:/]*$/, '');

/** Filters by what there is none of (plugins, services, the daemon …) match nothing. */
export function passes(message: Message, filters: Filters): boolean {
  for (const [key, values] of filters) {
    if (key === 'label') continue;
    const test = tests[key];
    if (!values.some((value) => test?.(message, value))) return false;
  }
  return hasLabels(message.Actor.Attributes, filters);
}
