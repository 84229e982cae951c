/** The Engine's inspect answer, and what of it the port wants to know. */

import { z } from 'zod';
import type { PublishedPort } from '../../domain/container.ts';
import type { Resources } from '../../domain/container-spec.ts';
import { unless } from '../../domain/errors.ts';
import type { Endpoint } from '../../domain/network.ts';
import type { CallOptions, Observation } from '../provider.ts';
import { type Site, safeName } from './client.ts';
import { readMark } from './labels.ts';
import { ownAliases } from './to-docker.ts';

export const status = z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']);

const inspected = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({
    Status: status,
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
    Health: z.object({ Status: z.enum(['none', 'starting', 'healthy', 'unhealthy']).catch('none') }).nullish(),
  }),
  Config: z.object({
    Labels: z.record(z.string(), z.string()).nullish(),
    StopSignal: z.string().optional(),
    Tty: z.boolean(),
  }),
  HostConfig: z.object({
    NetworkMode: z.string(),
    Memory: z.number().nullish(),
    NanoCpus: z.number().nullish(),
    PidsLimit: z.number().nullish(),
    MemoryReservation: z.number().nullish(),
    CpuShares: z.number().nullish(),
  }),
  NetworkSettings: z.object({
    Ports: z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullable()).nullish(),
    Networks: z
      .record(
        z.string(),
        z
          .object({
            IPAddress: z.string().nullish(),
            IPPrefixLen: z.number().nullish(),
            Gateway: z.string().nullish(),
            MacAddress: z.string().nullish(),
            Aliases: z.array(z.string()).nullish(),
          })
          .nullable(),
      )
      .nullish(),
  }),
});
export type Inspected = z.infer<typeof inspected>;

/** By the name that creation gave it. Null when the Engine knows no such container. */
export async function inspectRun(site: Site, key: string, options: CallOptions): Promise<Inspected | null> {
  const request = { method: 'GET', path: `/containers/${safeName(key)}/json`, subject: { noun: 'container' } } as const;
  return unless(site.engine.ask(request, inspected, options), ['not_found'], null);
}

/** A container that is being removed, or whose removal failed, is still there and no longer runs: `exited`. */
export const phases = {
  created: 'created',
  running: 'running',
  paused: 'paused',
  restarting: 'exited',
  removing: 'exited',
  exited: 'exited',
  dead: 'exited',
} as const;

/** @param engineStartedAt null when unknown */
export function toObservation(container: Inspected | null, engineStartedAt: Date | null): Observation {
  if (container === null) return { kind: 'absent' };
  const { State: state, NetworkSettings: network } = container;
  const phase = phases[state.Status];
  const ended = phase === 'exited';
  const networks = endpoints(container);
  const home = networks[container.HostConfig.NetworkMode];
  return {
    kind: 'present',
    handle: container.Id,
    phase,
    exitCode: ended ? state.ExitCode : null,
    oomKilled: state.OOMKilled,
    interrupted: ended && diedWithEngine(state, engineStartedAt),
    health: state.Health?.Status ?? 'none',
    address: home?.address ?? Object.values(networks).find(({ address }) => address !== null)?.address ?? null,
    networks,
    resources: limitsOf(container.HostConfig),
    ports: publishedPorts(network.Ports ?? {}),
    startedAt: time(state.StartedAt),
    finishedAt: ended ? time(state.FinishedAt) : null,
    version: null,
  };
}

/** `none` is what a container is on that has no network. */
function endpoints({ Id, Config, NetworkSettings }: Inspected): Record<string, Endpoint> {
  const containerId = readMark(Config.Labels).containerId ?? '';
  const present = Object.entries(NetworkSettings.Networks ?? {}).filter(([key]) => key !== 'none');
  return Object.fromEntries(
    present.map(([key, endpoint]) => [
      key,
      {
        address: endpoint?.IPAddress || null,
        prefixLength: endpoint?.IPPrefixLen || null,
        gateway: endpoint?.Gateway || null,
        mac: endpoint?.MacAddress || null,
        aliases: ownAliases(endpoint?.Aliases ?? [], containerId, Id),
      },
    ]),
  );
}

/** Zero, and less, is how the Engine says that there is none. */
function limitsOf(host: Inspected['HostConfig']): Resources {
  const { Memory, MemoryReservation, NanoCpus, CpuShares, PidsLimit } = host;
  return {
    ...(Memory && { memoryMiB: Memory / (1024 * 1024) }),
    ...(MemoryReservation && { memoryReservationMiB: MemoryReservation / (1024 * 1024) }),
    ...(CpuShares && { cpuShares: CpuShares }),
    ...(NanoCpus && { cpus: NanoCpus / 1_000_000_000 }),
    ...(PidsLimit && PidsLimit > 0 && { pids: PidsLimit }),
  };
}

/** An Engine that starts ends what a dead one left running; it is done within this time. */
const RESTORE_MS = 10_000;

/** It was started under an Engine that is gone, and ended before the present one, or while that took over. */
function diedWithEngine({ StartedAt, FinishedAt }: Inspected['State'], engineStartedAt: Date | null): boolean {
  const started = time(StartedAt);
  const finished = time(FinishedAt);
  if (!engineStartedAt || !started || !finished) return false;
  return started < engineStartedAt && finished.getTime() < engineStartedAt.getTime() + RESTORE_MS;
}

function publishedPorts(ports: NonNullable<Inspected['NetworkSettings']['Ports']>): PublishedPort[] {
  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [containerPort, protocol] = key.split('/');
    return (bindings ?? []).map(({ HostIp, HostPort }) => ({
      containerPort: Number(containerPort),
      hostPort: Number(HostPort),
      hostAddress: HostIp,
      protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
    }));
  });
}

/** Go writes its zero time for "never". */
function time(text: string): Date | null {
  return text.startsWith('0001-') ? null : new Date(text);
}
