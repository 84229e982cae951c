/** Carries one planned step to the provider: the only caller of create, start, stop and destroy in the house. */
import type { Deps } from '../context.ts';
import { mountedVolumes } from '../db/creation.ts';
import type { Container, Run } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import type { Attachment } from '../domain/network.ts';
import { providerKey } from '../domain/provider-key.ts';
import type { CallOptions, CreateInput, EndpointInput, Provider } from '../providers/provider.ts';
import { recheckBinds } from './binds.ts';
import type { Action } from './plan.ts';
import { STABLE_SECONDS } from './plan.ts';

export type ProviderAction = Exclude<Action, { kind: 'wait' | 'settled' | 'backoff' | 'bury' }>;

export interface Acted {
  /** What the run became. */
  run: Run;
  /** There is nothing to see that the provider's answer did not say. */
  isCertain: boolean;
}

/** Throws what the provider throws. */
export async function act(
  deps: Deps,
  container: Container,
  action: ProviderAction,
  now: Date,
  options: CallOptions,
): Promise<Acted> {
  if (action.kind !== 'create') {
    return { run: await change(deps, container, action, now, options), isCertain: action.kind === 'destroy' };
  }
  const { handle, adopted } = await create(deps, container, options);
  const run: Run = { ...container.run, handle, name: container.name, phase: 'created', failure: null };
  return { run, isCertain: !adopted };
}

async function change(
  deps: Deps,
  container: Container,
  action: Exclude<ProviderAction, { kind: 'create' }>,
  now: Date,
  options: CallOptions,
): Promise<Run> {
  const { provider } = deps;
  const { run } = container;
  const ref = { key: run.providerKey, handle: run.handle };
  switch (action.kind) {
    case 'renew':
      await provider.destroy(ref, options);
      return nextIncarnation(action.byPolicy ? { ...container, run: countRestart(run) } : container);
    case 'start':
      await start(deps, container, options);
      return {
        ...run,
        phase: 'running',
        startedSeq: container.startSeq,
        // A start that a tenant asked for begins a new streak.
        restartStreak: run.startedSeq < container.startSeq ? 0 : run.restartStreak,
        stopRequestedAt: null,
        restartAt: null,
        failure: null,
      };
    case 'stop':
      await provider.stop(ref, action.signal, action.graceSeconds, options);
      return { ...run, stopRequestedAt: now };
    case 'kill':
    case 'signal':
      await provider.kill(ref, action.signal, options);
      return run;
    case 'pause':
      await required(provider, provider.pause, 'pause').call(provider, ref, options);
      return { ...run, phase: 'paused' };
    case 'unpause':
      await required(provider, provider.unpause, 'unpause').call(provider, ref, options);
      return { ...run, phase: 'running' };
    case 'update':
      await required(provider, provider.update, 'update').call(provider, ref, container.spec.resources, options);
      return { ...run, resources: container.spec.resources };
    case 'rename':
      await provider.rename?.(ref, container.name, endpointsOf(container), options);
      return { ...run, name: container.name };
    case 'connect':
      await connect(deps, container, action.network, options);
      return run;
    case 'disconnect':
      await required(provider, provider.networks.disconnect, 'networks.disconnect').call(
        provider.networks,
        ref,
        action,
        options,
      );
      return run;
    case 'destroy':
      await provider.destroy(ref, options);
      return { ...run, phase: 'gone' };
  }
}

/** A network that somebody removed, or that was made twice, keeps a run from starting: it is put right for the next try. */
async function start(deps: Deps, container: Container, options: CallOptions): Promise<void> {
  const { providerKey: key, handle } = container.run;
  await recheckBinds(deps, container, options);
  try {
    await deps.provider.start({ key, handle }, options);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') {
      for (const network of networksOf(container)) {
        await deps.provider.networks.ensure(network, options);
      }
    }
    throw error;
  }
}

async function create(deps: Deps, container: Container, options: CallOptions): ReturnType<Deps['provider']['create']> {
  await recheckBinds(deps, container, options);
  const networks = networksOf(container);
  const volumes = await mountedVolumes(deps.db, container);
  for (const network of networks) await deps.provider.networks.ensure(network, options);
  for (const volume of volumes) await deps.provider.volumes.ensure(volume, options);
  const { tenantId, id, name, spec, imageId, run } = container;
  return deps.provider.create(
    {
      key: run.providerKey,
      tenantId,
      containerId: id,
      incarnation: run.incarnation,
      name,
      spec,
      imageId,
      networks,
      volumes,
    },
    options,
  );
}

/** The network may be gone from the provider, as at a start: it is put right for the next try. */
async function connect(deps: Deps, container: Container, network: Attachment, options: CallOptions): Promise<void> {
  const { networks } = deps.provider;
  const { providerKey: key, handle } = container.run;
  const [endpoint] = endpointsOf({ ...container, attachments: [network] });
  if (!endpoint) return;
  try {
    await required(deps.provider, networks.connect, 'networks.connect').call(
      networks,
      { key, handle },
      endpoint,
      options,
    );
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') {
      await networks.ensure({ ...network, tenantId: container.tenantId }, options);
    }
    throw error;
  }
}

const endpointsOf = ({ id, name, attachments }: Container): EndpointInput[] =>
  attachments.map(({ key, aliases }) => ({ key, name, containerId: id, aliases }));

const networksOf = ({ tenantId, attachments }: Container): CreateInput['networks'] =>
  attachments.map(({ key, internal, ipam, aliases }) => ({ key, tenantId, internal, ipam, aliases }));

function nextIncarnation({ id, run, startSeq, stopSeq }: Container): Run {
  const incarnation = run.incarnation + 1;
  return {
    ...run,
    incarnation,
    providerKey: providerKey(id, incarnation),
    handle: null,
    phase: 'pending',
    startedSeq: Math.min(run.startedSeq, startSeq),
    stoppedSeq: stopSeq,
    exitCode: null,
    oomKilled: false,
    failure: null,
    health: 'none',
    address: null,
    networks: null,
    ports: [],
    resources: null,
    startedAt: null,
    finishedAt: null,
    observedVersion: 0,
    observedAt: null,
    absentSince: null,
    stopRequestedAt: null,
    restartAt: null,
  };
}

/** A start by the restart policy counts; one that follows a long run begins a new streak. */
export function countRestart(run: Run): Run {
  const ranMs = (run.finishedAt?.getTime() ?? 0) - (run.startedAt?.getTime() ?? 0);
  const streak = ranMs >= STABLE_SECONDS * 1000 ? 0 : run.restartStreak;
  return { ...run, restartCount: run.restartCount + 1, restartStreak: streak + 1, restartAt: null };
}

function required<T>({ name }: Provider, member: T | undefined, path: string): T {
  if (member === undefined) throw lacking(name, path);
  return member;
}
