/** The life of a run on the Engine. Every function may be repeated, as the port demands. */
import { z } from 'zod';
import type { Phase } from '../../domain/container.ts';
import { AppError, hasCode, unless } from '../../domain/errors.ts';
import type { CallOptions, CreateInput, RunRef } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';
import { carriesMark } from './labels.ts';
import { connect } from './networks.ts';
import { type Inspected, inspectRun, toObservation } from './observe.ts';
import { dropEndpoint, staleEndpoint } from './stale-endpoint.ts';
import { signalText, toDocker } from './to-docker.ts';

const created = z.object({ Id: z.string() });
/** How long to wait before looking again at something that the Engine is busy with. */
const pauseMs = 50;

/** The name is the idempotency key: of any number of calls one makes the container and the others adopt it. */
export async function createRun(
  site: Site,
  input: CreateInput,
  options: CallOptions,
): Promise<{ handle: string; adopted: boolean }> {
  const request: EngineRequest = {
    method: 'POST',
    path: '/containers/create',
    query: { name: safeName(input.key) },
    body: toDocker(input, site),
    subject: { noun: 'container', reference: input.spec.image },
  };
  for (;;) {
    const made = await unless(site.engine.ask(request, created, options), ['conflict'], null);
    if (made !== null) {
      await connectFurther(site, input, [], options);
      return { handle: made.Id, adopted: false };
    }
    const found = await inspectRun(site, input.key, options);
    if (found) return { handle: await adopt(site, input, found, options), adopted: true };
    // The name is reserved a moment before its container can be seen, and a moment longer than it.
    await site.clock.sleep(pauseMs, options.signal);
  }
}

async function adopt(site: Site, input: CreateInput, found: Inspected, options: CallOptions): Promise<string> {
  if (!carriesMark(found.Config.Labels, { ...input, installId: site.installId })) {
    throw new AppError('conflict', 'The name of the container is taken at the Docker Engine');
  }
  await connectFurther(site, input, Object.keys(found.NetworkSettings.Networks ?? {}), options);
  return found.Id;
}

/** The Engine takes one network at creation; the others follow, also for a run whose creator died half-way. */
async function connectFurther(site: Site, input: CreateInput, present: string[], options: CallOptions): Promise<void> {
  for (const network of input.networks.slice(1)) {
    if (!present.includes(network.key)) await connect(site, input.key, { ...input, ...network }, options);
  }
}

export async function startRun(site: Site, run: RunRef, options: CallOptions): Promise<void> {
  try {
    await site.engine.call(action(run, 'start'), options);
  } catch (error) {
    // Perhaps of a network that somebody took away.
    if (hasCode(error, 'not_found')) site.knownNetworks.clear();
    const network = staleEndpoint(error);
    if (network === null) throw error;
    site.log('endpoint left behind', { key: run.key, network });
    await dropEndpoint(site, run.key, network, options);
    await site.engine.call(action(run, 'start'), options);
  }
}

/** A run that has ended, or is gone, has been stopped. */
export async function stopRun(site: Site, run: RunRef, signalName: string | null, options: CallOptions): Promise<void> {
  const found = await inspectRun(site, run.key, options);
  if (!found) return;
  const signal = signalName === null ? (found.Config.StopSignal ?? 'SIGTERM') : signalText(signalName);
  await unless(site.engine.call(action(run, 'kill', { signal }), options), ['conflict', 'not_found'], undefined);
}

export async function killRun(site: Site, run: RunRef, signalName: string, options: CallOptions): Promise<void> {
  await site.engine.call(action(run, 'kill', { signal: signalText(signalName) }), options);
}

export async function pauseRun(site: Site, run: RunRef, options: CallOptions): Promise<void> {
  await unlessPhase(site, run, 'paused', site.engine.call(action(run, 'pause'), options), options);
}

export async function unpauseRun(site: Site, run: RunRef, options: CallOptions): Promise<void> {
  await unlessPhase(site, run, 'running', site.engine.call(action(run, 'unpause'), options), options);
}

/** A refusal is none when the run is already as it shall be. */
async function unlessPhase(site: Site, run: RunRef, phase: Phase, call: Promise<unknown>, options: CallOptions) {
  try {
    await call;
  } catch (error) {
    const seen = hasCode(error, 'conflict') ? toObservation(await inspectRun(site, run.key, options), null) : null;
    if (seen?.kind !== 'present' || seen.phase !== phase) throw error;
  }
}

/** With the anonymous volumes that its image asked for. A removal by someone else is waited for. */
export async function destroyRun(site: Site, key: string, options: CallOptions): Promise<void> {
  const request: EngineRequest = {
    method: 'DELETE',
    path: `/containers/${safeName(key)}`,
    query: { force: true, v: true },
    subject: { noun: 'container' },
  };
  for (;;) {
    const call = site.engine.call(request, options).then(() => true);
    const removed = await unless(call, ['conflict', 'not_found'], false);
    if (removed || (await inspectRun(site, key, options)) === null) return;
    await site.clock.sleep(pauseMs, options.signal);
  }
}

function action(run: RunRef, verb: string, query: Record<string, unknown> = {}): EngineRequest {
  return { method: 'POST', path: `/containers/${safeName(run.key)}/${verb}`, query, subject: { noun: 'container' } };
}
