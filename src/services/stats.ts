/** What a running container uses, and its processes. */
import type { Ctx, Deps } from '../context.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import type { Provider, StatsSample } from '../providers/provider.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { tellOf } from './happenings.ts';
import { liveContainer, runOf } from './live-run.ts';

export type { StatsSample };

/** About one sample a second until the run or the signal ends. Throws not_found, unsupported, and conflict naming the state. */
export async function readStats(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  signal: AbortSignal,
): Promise<AsyncIterable<StatsSample>> {
  const container = await liveContainer(deps, ctx, reference, 'stats');
  return measuring(deps)(runOf(container), { signal });
}

/** What measures. Throws unsupported. */
export function measuring({ provider }: Deps): NonNullable<Provider['stats']> {
  if (!provider.stats) throw lacking(provider.name, 'stats');
  return provider.stats.bind(provider);
}

/** The next sample. Throws as readStats does, rate_limited, and conflict when the container ends before there is one. */
export async function sampleStats(deps: Deps, ctx: Ctx, reference: string): Promise<StatsSample> {
  using _place = deps.places.looks.take(ctx.principal.tenantId);
  const signal = AbortSignal.any([ctx.signal, callOptions().signal]);
  for await (const sample of await readStats(deps, ctx, reference, signal)) return sample;
  throw new AppError('conflict', `Container ${reference} ended before it could be measured`);
}

/** @param psArguments as for ps; empty = the provider's usual columns. Throws not_found, unsupported, invalid, conflict, rate_limited */
export async function listProcesses(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  psArguments: string,
): Promise<{ titles: string[]; processes: string[][] }> {
  using _place = deps.places.looks.take(ctx.principal.tenantId);
  const container = await liveContainer(deps, ctx, reference, 'top');
  if (!deps.provider.top) throw lacking(deps.provider.name, 'top');
  const found = await deps.provider.top(runOf(container), psArguments, callOptions());
  await tellOf(deps, ctx, container, 'listed');
  return found;
}
