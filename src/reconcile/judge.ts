/** What becomes of a step that the provider refused: pure. */
import { type AppError, isRetryable } from '../domain/errors.ts';
import type { ProviderAction } from './act.ts';

export type Verdict = 'look again' | 'give up' | 'go on without' | 'retry';

/**
 * A state that changed under a step is looked at again; a create or a tenant's start that can never work ends its attempt.
 * Limits that cannot be had, and a signal that can never be sent, keep nothing else from being done.
 * @param refusals so often a step was refused in this attempt, with this one
 */
export function judge(action: ProviderAction, failure: AppError, refusals: number): Verdict {
  if (isRetryable(failure)) return 'retry';
  if (action.kind === 'create') return 'give up';
  if (action.kind === 'update' && failure.code !== 'not_found') return 'go on without';
  if (action.kind === 'start' && failure.code !== 'not_found' && !action.byPolicy) return 'give up';
  const moved = failure.code === 'not_found' || failure.code === 'conflict';
  if (action.kind === 'signal' && !moved) return 'go on without';
  // It has ended, and is not shown so yet.
  if (action.kind === 'kill' && moved) return 'look again';
  return moved && refusals < 4 ? 'look again' : 'retry';
}
