/** ExposedPorts and PortBindings to a spec's ports. Pure. */
import { refuse } from './check-fields.ts';
import type { HostConfigBody } from './create-body.ts';

type Bindings = HostConfigBody['PortBindings'];

interface ExposedPort {
  containerPort: number;
  protocol: 'tcp' | 'udp';
}

/** `80/tcp`, or `80`. @param field for the sentence */
function parsePort(text: string, field: string): ExposedPort {
  const [, port = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/([a-z]+))?$/.exec(text) ?? [];
  if (protocol === 'sctp') throw refuse('unsupported', field, 'is refused: SCTP is not published. Use tcp or udp');
  const containerPort = Number(port);
  if (containerPort < 1 || containerPort > 65_535 || (protocol !== 'tcp' && protocol !== 'udp')) {
    throw refuse('invalid', field, `must name ports as 80/tcp or 53/udp, not ${JSON.stringify(text.slice(0, 50))}`);
  }
  return { containerPort, protocol };
}

export function portsOf(bindings: Bindings) {
  return Object.entries(bindings).flatMap(([key, list]) =>
    (list ?? []).map((binding) => ({
      ...parsePort(key, 'HostConfig.PortBindings'),
      hostPort: hostPort(binding?.HostPort ?? ''),
    })),
  );
}

/** Those that no binding publishes. */
export function exposedOf(exposed: string[], bindings: Bindings): ExposedPort[] | undefined {
  const published = new Set(portsOf(bindings).map(portKey));
  const unbound = Object.keys(bindings).map((key) => parsePort(key, 'HostConfig.PortBindings'));
  const all = new Map(
    [...exposed.map((key) => parsePort(key, 'ExposedPorts')), ...unbound].map((port) => [portKey(port), port]),
  );
  const left = [...all].filter(([key]) => !published.has(key)).map(([, port]) => port);
  return left.length > 0 ? left : undefined;
}

/** `80/tcp`. */
export const portKey = ({ containerPort, protocol }: ExposedPort): string => `${containerPort}/${protocol}`;

function hostPort(text: string): number {
  if (text === '') return 0;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw refuse(
    'invalid',
    'HostConfig.PortBindings',
    `must name one port of the host, or none for any free one, not ${JSON.stringify(text.slice(0, 50))}`,
  );
}
