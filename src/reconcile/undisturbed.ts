/** Work on a run that nobody else may see half-way, such as a freeze for a moment: under the container's lease. */
import type { Deps } from '../context.ts';
import type { Container } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import { containerTopic } from '../domain/wakeups.ts';
import { type Lease, takeLease } from './lease.ts';

const POLL_MS = 200;

/** The container is looked at again at once when the call is over. Throws conflict when others work on it for too long. */
export async function undisturbed<T>(
  deps: Deps,
  at: { tenantId: string; id: string },
  waitSeconds: number,
  call: (container: Container) => Promise<T>,
): Promise<T> {
  const lease = await wait(deps, at, waitSeconds);
  try {
    return await lease.during(() => call(lease.container));
  } finally {
    const { run, lastError, attempts } = lease.container;
    await lease.write(run, { lastError, attempts, release: { afterSeconds: 0, settled: false, failure: null } });
  }
}

async function wait(deps: Deps, at: { tenantId: string; id: string }, waitSeconds: number): Promise<Lease> {
  for (const endsAt = deps.clock.now() + waitSeconds * 1000; ; ) {
    const lease = await takeLease(deps, at);
    if (lease) return lease;
    if (deps.clock.now() >= endsAt) {
      throw new AppError('conflict', 'The container is being changed by others; try again', {
        details: { retryAfterSeconds: 1 },
      });
    }
    await deps.wakeups.wait(containerTopic(at.id), POLL_MS);
  }
}
