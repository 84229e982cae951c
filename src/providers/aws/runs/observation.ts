/** What ECS shows of a task, in the port's words. Pure. */
import type { Container, Task } from '@aws-sdk/client-ecs';
import type { PublishedPort } from '../../../domain/container.ts';
import type { Endpoint } from '../../../domain/network.ts';
import type { Observation } from '../../provider.ts';
import { mainContainer } from '../naming.ts';
import type { RunRecord } from './records.ts';

type Present = Extract<Observation, { kind: 'present' }>;
export type Ended = NonNullable<RunRecord['ended']>;

/** Versions of a later attempt are above all of an earlier one. */
const versionsPerAttempt = 1_000_000;
/** The task ended for reasons of the machine, not of the container. */
const interruptions = ['SpotInterruption', 'TerminationNotice', 'InfrastructureHealth'];

export const mainOf = (task: Task): Container | undefined =>
  task.containers?.find(({ name }) => name === mainContainer);

/** Nothing of it will change any more. */
export const isStopped = ({ lastStatus }: Task): boolean => lastStatus === 'STOPPED' || lastStatus === 'DELETED';

/** Its process has run, whatever became of it. */
export const hasRun = (task: Task): boolean =>
  mainOf(task)?.exitCode !== undefined || task.startedAt !== undefined || task.lastStatus === 'RUNNING';

/** How the process ended; null while it has not, or never was. */
export function endOf(task: Task, { attempt }: RunRecord): Ended | null {
  const main = mainOf(task);
  const isOver = isStopped(task) || main?.exitCode !== undefined;
  if (!isOver || !hasRun(task)) return null;
  const oomKilled = /OutOfMemory/i.test(main?.reason ?? '');
  return {
    exitCode: main?.exitCode ?? null,
    oomKilled,
    interrupted: interruptions.includes(task.stopCode ?? ''),
    startedAt: task.startedAt ?? task.pullStoppedAt ?? null,
    finishedAt: task.executionStoppedAt ?? task.stoppingAt ?? task.stoppedAt ?? null,
    version: versionOf(attempt, task.version ?? 0),
  };
}

/** Of an observation, from that of a task. */
export const versionOf = (attempt: number, version: number): number => attempt * versionsPerAttempt + version;

/** Made, and without a task. */
export function madeObservation(record: RunRecord): Present {
  return { ...base(record), phase: 'created', failure: record.failure, version: versionOf(record.attempt, 0) };
}

/** AWS has taken the start and does not show its task yet. */
export const awaitedObservation = (record: RunRecord): Present => ({ ...madeObservation(record), starting: true });

export function endedObservation(record: RunRecord, ended: Ended): Present {
  return { ...base(record), ...ended, phase: 'exited' };
}

/** Of a task that has not ended. @param publicIp null when it has none */
export function taskObservation(record: RunRecord, task: Task, publicIp: string | null): Present {
  const version = versionOf(record.attempt, task.version ?? 0);
  const main = mainOf(task);
  if (!hasRun(task)) return { ...base(record), phase: 'created', starting: true, version };
  const { privateIp, mac } = interfaceOf(task);
  return {
    ...base(record, privateIp, mac),
    phase: record.isPaused ? 'paused' : 'running',
    health: record.hasHealthcheck ? healthOf(main) : 'none',
    ports: privateIp === null ? [] : published(record, publicIp ?? privateIp),
    startedAt: task.startedAt ?? null,
    version,
  };
}

function base(
  { key, networks, overrides }: RunRecord,
  address: string | null = null,
  mac: string | null = null,
): Present {
  const endpoint = (aliases: string[]): Endpoint => ({ address, prefixLength: null, gateway: null, mac, aliases });
  return {
    kind: 'present',
    handle: key,
    phase: 'created',
    exitCode: null,
    oomKilled: false,
    interrupted: false,
    health: 'none',
    address: networks.length > 0 ? address : null,
    networks: Object.fromEntries(networks.map(({ key: network, aliases }) => [network, endpoint(aliases)])),
    ports: [],
    resources: sizeOf(overrides),
    startedAt: null,
    finishedAt: null,
    version: null,
  };
}

/** Of the whole task, which a forwarder and the agent of exec share; its container's own limit of memory is the spec's. */
function sizeOf({ cpu, memory }: RunRecord['overrides']): Present['resources'] {
  return { cpus: Number(cpu) / 1024, memoryMiB: Number(memory) };
}

function healthOf(main: Container | undefined): Present['health'] {
  if (main?.healthStatus === 'HEALTHY') return 'healthy';
  return main?.healthStatus === 'UNHEALTHY' ? 'unhealthy' : 'starting';
}

/** The task's one network interface. */
export function interfaceOf(task: Task): { privateIp: string | null; mac: string | null; interfaceId: string | null } {
  const details = task.attachments?.find(({ type }) => type === 'ElasticNetworkInterface')?.details ?? [];
  const detail = (wanted: string) => details.find(({ name }) => name === wanted)?.value ?? null;
  return {
    privateIp: detail('privateIPv4Address'),
    mac: detail('macAddress'),
    interfaceId: detail('networkInterfaceId'),
  };
}

const published = ({ ports }: RunRecord, hostAddress: string): PublishedPort[] =>
  ports.map((port) => ({ ...port, hostAddress }));
