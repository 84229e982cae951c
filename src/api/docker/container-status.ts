/** A container's state in the seven words that the Engine has, and in the words of `docker ps`. Pure. */
import { type ContainerStatus, type ShownContainer, statusOf } from '../../domain/container.ts';

export const dockerStatuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'] as const;
export type DockerStatus = (typeof dockerStatuses)[number];

/** The one table. Of two, the first is shown of a container that never ran. */
const table: Record<ContainerStatus, readonly [DockerStatus, DockerStatus?]> = {
  created: ['created'],
  starting: ['created', 'exited'],
  running: ['running'],
  paused: ['paused'],
  restarting: ['restarting'],
  stopping: ['running'],
  exited: ['exited'],
  removing: ['removing'],
  removed: ['dead'],
  failed: ['created', 'dead'],
  lost: ['dead'],
};

/** How containers of a status may be shown. */
export const shownAs = (status: ContainerStatus): readonly DockerStatus[] =>
  table[status].filter((shown) => shown !== undefined);

export function dockerStatus(container: ShownContainer): DockerStatus {
  const [never, ever = never] = table[statusOf(container)];
  return container.run.startedAt === null ? never : ever;
}

/** 128 and above for a start that failed, as a shell counts. */
export function exitCodeOf({ run }: ShownContainer): number {
  if (run.exitCode !== null) return run.exitCode;
  if (run.phase !== 'failed') return 0;
  const { message = '' } = run.failure ?? {};
  if (/executable file not found|no such file/i.test(message)) return 127;
  return /permission denied/i.test(message) ? 126 : 128;
}

/** The column STATUS, as the Engine writes it. */
export function statusText(container: ShownContainer, now: number): string {
  const { run } = container;
  const since = (time: Date | null) => duration(now - (time ?? container.createdAt).getTime());
  switch (dockerStatus(container)) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${since(run.startedAt)}${healthText(run.health)}`;
    case 'paused':
      return `Up ${since(run.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${exitCodeOf(container)}) ${since(run.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'exited':
      return `Exited (${exitCodeOf(container)}) ${since(run.finishedAt)} ago`;
  }
}

function healthText(health: ShownContainer['run']['health']): string {
  if (health === 'none') return '';
  return health === 'starting' ? ' (health: starting)' : ` (${health})`;
}

/** As go-units' HumanDuration. */
function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 7 * 2) return `${days} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(days / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(days / 30)} months`;
  return `${Math.floor(days / 365)} years`;
}
