/**
 * Published ports. A task has an address of its own and no way to renumber: another number than the container's is served by
 * a forwarder beside it in the task, which shares that address. Pure.
 */
import type { ContainerDefinition, PortMapping } from '@aws-sdk/client-ecs';
import type { ContainerSpec } from '../../../domain/container-spec.ts';
import { reasonOf } from '../../../domain/features.ts';
import type { Refusal } from '../../provider.ts';

export interface RunPort {
  containerPort: number;
  /** On the task's address. */
  hostPort: number;
  protocol: 'tcp' | 'udp';
}

/** A task has up to ten containers, of which one is the container itself. */
const mostForwarders = 9;

export const portsOf = ({ ports }: ContainerSpec): RunPort[] =>
  ports.map(({ containerPort, hostPort, protocol }) => ({
    containerPort,
    hostPort: hostPort === 0 ? containerPort : hostPort,
    protocol,
  }));

const isMoved = ({ containerPort, hostPort }: RunPort): boolean => containerPort !== hostPort;

/** @param hasForwarder the operator named an image for it */
export function portRefusal(spec: ContainerSpec, hasForwarder: boolean): Refusal | null {
  const ports = portsOf(spec);
  const moved = ports.filter(isMoved);
  const refuse = (port: RunPort, reason: string) => ({ field: `ports.${ports.indexOf(port)}.hostPort`, reason });
  const [first] = moved;
  if (first && !hasForwarder) return refuse(first, reasonOf('aws', 'run -p 8080:80'));
  const beyond = moved[mostForwarders];
  if (beyond) return refuse(beyond, `a Fargate task can publish ${mostForwarders} ports under other numbers`);
  const own = ports.map(({ containerPort }) => containerPort);
  const taken = moved.find(({ hostPort }) => own.includes(hostPort));
  if (taken) return refuse(taken, 'the container itself listens there, and shares its address with what it publishes');
  const numbers = ports.map(({ hostPort }) => hostPort);
  const twice = ports.findIndex(({ hostPort }, at) => numbers.indexOf(hostPort) !== at);
  if (twice < 0 || spec.publishAll) return null;
  return { field: `ports.${twice}`, reason: 'Fargate publishes a port once, for one protocol' };
}

/** Of the container itself. */
export const mappingsOf = (ports: readonly RunPort[]): PortMapping[] =>
  ports.filter((port) => !isMoved(port)).map(({ containerPort, protocol }) => ({ containerPort, protocol }));

/** Told by socat's words, which images of socat take as their command. */
export const forwardersOf = (ports: readonly RunPort[], image: string | null): ContainerDefinition[] =>
  image === null
    ? []
    : ports.filter(isMoved).map(({ containerPort, hostPort, protocol }) => {
        const name = protocol.toUpperCase();
        return {
          name: `forward-${hostPort}-${protocol}`,
          image,
          essential: false,
          command: [`${name}-LISTEN:${hostPort},fork,reuseaddr`, `${name}:127.0.0.1:${containerPort}`],
          portMappings: [{ containerPort: hostPort, protocol }],
          // Whatever it is, it ends when the task does and keeps nobody waiting.
          linuxParameters: { initProcessEnabled: true },
          stopTimeout: 2,
          restartPolicy: { enabled: true, restartAttemptPeriod: 60 },
        };
      });
