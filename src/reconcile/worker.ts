/** The background of a long-lived process: works off what is due, follows the provider's hints, sweeps. Lambda has its own entry. */
import type { Deps } from '../context.ts';
import { DUE_TOPIC, SWEEP_TOPIC } from '../domain/wakeups.ts';
import type { Hint } from '../providers/provider.ts';
import { takeBatch } from './events.ts';
import { isLookedAt, takeHint } from './hints.ts';
import { takeDue } from './lease.ts';
import { PARALLEL, workOn } from './rounds.ts';
import { sweep } from './sweep.ts';

const DUE_POLL_MS = 500;
const OUTAGE_MS = 1000;
/** How soon a tenant's deletion is carried on. */
const PENDING_MS = 500;
/** After a hint, further ones for the same container are gathered for this long. */
const GATHER_MS = 100;
/** Of events that are being taken side by side. */
const BATCHES = 16;

export interface Worker {
  /** Ends when the work at hand has been recorded. */
  stop(): Promise<void>;
}

export function startWorker(deps: Deps, options: { sweepSeconds: number }): Worker {
  const stopping = new AbortController();
  const { signal } = stopping;

  /** Repeats until stopped; what goes wrong is logged and tried again. */
  async function repeat(name: string, pass: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await pass();
      } catch (error) {
        if (signal.aborted) return;
        deps.log.error({ err: error }, `${name} failed; trying again`);
        await deps.clock.sleep(OUTAGE_MS, signal);
      }
    }
  }

  const busy = new Set<Promise<void>>();

  const loops = [
    repeat('working off due containers', async () => {
      for (const lease of await takeDue(deps, PARALLEL - busy.size)) {
        const turn = workOn(deps, lease).finally(() => busy.delete(turn));
        busy.add(turn);
      }
      // One that takes long holds up nobody but itself.
      if (busy.size < PARALLEL) await deps.wakeups.wait(DUE_TOPIC, DUE_POLL_MS, signal);
      else await Promise.race(busy);
    }),
    repeat('sweeping', async () => {
      const { tenants } = await sweep(deps, signal);
      await deps.wakeups.wait(SWEEP_TOPIC, tenants.pending > 0 ? PENDING_MS : options.sweepSeconds * 1000, signal);
    }),
    repeat('following hints', async () => {
      // The sweep finds what changed while nobody listened.
      const onHearing = () => deps.wakeups.wake(SWEEP_TOPIC);
      if (deps.provider.watch) for await (const heard of deps.provider.watch({ signal, onHearing })) void hint(heard);
      else await deps.clock.sleep(OUTAGE_MS * 60, signal);
    }),
    repeat('following events', async () => {
      const taking = new Set<Promise<void>>();
      for await (const batch of deps.provider.events?.follow?.({ signal }) ?? []) {
        const turn = takeBatch(deps, batch).finally(() => taking.delete(turn));
        taking.add(turn);
        if (taking.size >= BATCHES) await Promise.race(taking);
      }
      await Promise.all(taking);
      if (!signal.aborted) await deps.clock.sleep(OUTAGE_MS * 60, signal);
    }),
  ];

  const gathering = new Map<string, boolean>();
  async function hint(heard: Hint): Promise<void> {
    if (await isLookedAt(deps, heard)) return;
    const { containerId } = heard;
    if (gathering.has(containerId)) {
      gathering.set(containerId, true);
      return;
    }
    do {
      gathering.set(containerId, false);
      await repeatOnce('a hint', () => takeHint(deps, { containerId, news: 'changed' }));
      await deps.clock.sleep(GATHER_MS, signal);
    } while (gathering.get(containerId) && !signal.aborted);
    gathering.delete(containerId);
  }
  async function repeatOnce(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      deps.log.warn({ err: error }, `${name} was lost; the next check of its container makes up for it`);
    }
  }

  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
      await Promise.all(busy);
    },
  };
}
