/** What a customer may ask of its container, by the state it believes it to be in. */
import type { Random } from '../simulation/random.ts';
import { busyboxImage } from '../support/base-images.ts';
import type { Request } from './exchange.ts';

export type State = 'absent' | 'created' | 'running' | 'exited';

export interface Wish {
  verb: 'create' | 'start' | 'stop' | 'restart' | 'kill' | 'remove';
  after: State;
  request: Request;
}

/** The first ignores SIGTERM, as pid 1 does unless it says otherwise; the second ends by it with a code of its own. */
const commands = [
  ['sleep', '100000'],
  ['sh', '-c', 'trap "exit 3" TERM; sleep 100000 & wait'],
];

export function creation(random: Random, name: string, restart: 'no' | 'unless-stopped'): Wish {
  const start = random.chance(0.7);
  const body = { name, image: busyboxImage, command: random.pick(commands), restart, start };
  return {
    verb: 'create',
    after: start ? 'running' : 'created',
    request: { method: 'POST', path: '/v1/containers', body },
  };
}

/**
 * A removal names the id, as it has no key: one by name that arrives late would take the name's next container.
 * @param reference the container's name or id
 */
export function change(random: Random, state: Exclude<State, 'absent'>, reference: string, id: string): Wish {
  const path = `/v1/containers/${reference}`;
  const post = (verb: Wish['verb'], after: State, body: object = {}): Wish => {
    return { verb, after, request: { method: 'POST', path: `${path}/${verb}`, body } };
  };
  const graceSeconds = random.pick([0, 0, 1]);
  const start = post('start', 'running');
  const stop = post('stop', 'exited', { graceSeconds });
  const restart = post('restart', 'running', { graceSeconds });
  const kill = post('kill', 'exited');
  const remove: Wish = {
    verb: 'remove',
    after: 'absent',
    request: { method: 'DELETE', path: `/v1/containers/${id}?force=1` },
  };
  switch (state) {
    case 'created':
      return random.pick([start, remove]);
    case 'running':
      return random.pick([stop, restart, kill, remove]);
    case 'exited':
      return random.pick([start, restart, remove]);
  }
}
