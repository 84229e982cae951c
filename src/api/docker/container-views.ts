/** Containers as Docker shows them. Pure. */
import { type ShownContainer, statusOf } from '../../domain/container.ts';
import { dockerStatusOf } from './container-status.ts';

export const toInspect = (c: ShownContainer, _version: string) => ({
  Id: c.id,
  Name: `/${c.name}`,
  Config: { Tty: c.spec.tty, Image: c.spec.image, OpenStdin: c.spec.stdin, Labels: c.spec.labels },
  State: {
    Status: dockerStatusOf(statusOf(c)),
    Running: statusOf(c) === 'running',
    Paused: false,
    ExitCode: c.run.exitCode ?? 0,
  },
  HostConfig: {},
  NetworkSettings: {},
});
export const toListItem = (c: ShownContainer, _version: string) => ({
  Id: c.id,
  Names: [`/${c.name}`],
  Image: c.spec.image,
  Command: '',
  Created: Math.floor(c.createdAt.getTime() / 1000),
  State: dockerStatusOf(statusOf(c)),
  Status: '',
  Labels: c.spec.labels,
  Ports: [],
});
