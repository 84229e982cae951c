/** What a simulated client may want next: containers of a few names, so that wishes meet. */
import { containerSpec } from '../../src/domain/container-spec.ts';
import type { Wish } from './door.ts';
import type { Random } from './random.ts';

const names = ['web', 'db'];
const networks = ['default', 'back'];
/** Most run until stopped; some ignore that, some end by themselves, one cannot start. */
const commands = [
  ['serve'],
  ['serve'],
  ['sh', '-c', "trap '' TERM; serve"],
  ['sh', '-c', "trap 'exit 3' TERM; serve"],
  ['sh', '-c', 'sleep 2; exit 1'],
  ['sh', '-c', 'sleep 5'],
  ['missing'],
];
const restarts = ['no', 'no', 'on-failure:2', 'unless-stopped'];
/** The more often named, the more often wanted. */
const verbs = [
  'start',
  'start',
  'stop',
  'stop',
  'restart',
  'kill',
  'pause',
  'unpause',
  'rename',
  'update',
  'connect',
  'disconnect',
  'remove',
  'remove',
] as const;

/** @param known ids of containers that this client made */
export function drawWish(random: Random, known: readonly string[]): Wish {
  if (random.chance(known.length === 0 ? 0.8 : 0.3)) return drawCreate(random);
  const kind = random.pick(verbs);
  const target = known.length > 0 && random.chance(0.7) ? random.pick(known) : random.pick(names);
  switch (kind) {
    case 'stop':
    case 'restart':
      return { kind, target, graceSeconds: random.pick([0, 1, 10]) };
    case 'kill':
      return { kind, target, signal: random.pick(['KILL', 'TERM', 'HUP']) };
    case 'rename':
      return { kind, target, name: random.pick([...names, 'cache']) };
    case 'connect':
      return { kind, target, network: random.pick(networks), aliases: random.pick([[], ['alias']]) };
    case 'disconnect':
      return { kind, target, network: random.pick(networks) };
    case 'update':
      return {
        ...{ kind, target, memoryMiB: random.pick([64, 128, 256]) },
        restart: random.chance(0.3) ? random.pick(restarts) : undefined,
      };
    case 'remove':
      return { kind, target, force: random.chance(0.7) };
    default:
      return { kind, target };
  }
}

function drawCreate(random: Random): Wish {
  const restart = random.pick(restarts);
  const autoRemove = restart === 'no' && random.chance(0.1);
  return {
    kind: 'create',
    name: random.chance(0.8) ? random.pick(names) : undefined,
    start: random.chance(0.8),
    spec: containerSpec.parse({ image: 'app', command: random.pick(commands), restart, autoRemove }),
  };
}

export function describeWish(wish: Wish): string {
  if (wish.kind !== 'create') return JSON.stringify(wish);
  const { name, start, spec } = wish;
  return `create ${JSON.stringify({ name, start, command: spec.command, restart: spec.restart, autoRemove: spec.autoRemove })}`;
}
