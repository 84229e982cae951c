/** Containers for tests of pure functions: a running one of a Docker-like provider, unless said otherwise. */
import type { Container, Run } from '../../src/domain/container.ts';
import { type ContainerSpecInput, containerSpec } from '../../src/domain/container-spec.ts';

export const now = new Date('2026-01-02T03:04:05.000Z');
export const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

function aRun(change: Partial<Run> = {}): Run {
  return {
    incarnation: 1,
    name: 'web',
    provider: 'memory',
    providerKey: 'ls-a-1',
    handle: 'h1',
    phase: 'running',
    startedSeq: 1,
    stoppedSeq: 0,
    exitCode: null,
    oomKilled: false,
    failure: null,
    health: 'none',
    address: null,
    networks: {},
    resources: null,
    ports: [],
    startedAt: ago(5),
    finishedAt: null,
    observedVersion: 7,
    observedAt: ago(1),
    absentSince: null,
    stopRequestedAt: null,
    restartCount: 0,
    restartStreak: 0,
    restartAt: null,
    ...change,
  };
}

export function aContainer(
  change: Partial<Omit<Container, 'run' | 'spec'>> = {},
  run: Partial<Run> = {},
  spec: Partial<ContainerSpecInput> = {},
): Container {
  return {
    tenantId: '11111111-1111-4111-8111-111111111111',
    id: 'a'.repeat(64),
    name: 'web',
    spec: containerSpec.parse({ image: 'busybox', ...spec }),
    imageId: `sha256:${'b'.repeat(64)}`,
    attachments: [],
    desired: 'running',
    generation: 1,
    observedGeneration: 1,
    startSeq: 1,
    stopSeq: 0,
    stopSignal: null,
    stopGraceSeconds: 10,
    pendingSignal: null,
    restartSuppressed: false,
    removeVolumes: false,
    nextRunAt: null,
    attempts: 0,
    lastError: null,
    createdAt: ago(10),
    removedAt: null,
    run: aRun(run),
    ...change,
  };
}
