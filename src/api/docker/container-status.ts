/** The one table from our statuses to Docker's seven. Pure. */
import type { ContainerStatus } from '../../domain/container.ts';

export const dockerStatuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'] as const;
export type DockerStatus = (typeof dockerStatuses)[number];

const table: Record<ContainerStatus, DockerStatus> = {
  created: 'created',
  starting: 'created',
  running: 'running',
  paused: 'paused',
  restarting: 'restarting',
  stopping: 'running',
  exited: 'exited',
  removing: 'removing',
  removed: 'dead',
  failed: 'dead',
  lost: 'dead',
};

export const dockerStatusOf = (status: ContainerStatus): DockerStatus => table[status];
