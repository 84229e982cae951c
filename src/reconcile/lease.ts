/** A claim on one container: what is known under it, and the only way to write. Ends with a release or by losing the fence. */
import type { Deps } from '../context.ts';
import { type Claimed, type RunRecord, record, renewLease } from '../db/claims.ts';
import type { Container, Run } from '../domain/container.ts';
import { withHeartbeat } from '../domain/heartbeat.ts';
import { containerTopic, eventsTopic } from '../domain/wakeups.ts';
import { runEvents } from './run-events.ts';

/** For so long after a crash nobody works on what was claimed. Whoever lives renews, however long a provider call takes. */
export const LEASE_SECONDS = 6;
const RENEW_SECONDS = LEASE_SECONDS / 3;

export class Lease {
  readonly #deps: Deps;
  #claimed: Claimed;
  #droppedVolumes: string[] = [];
  /** This process's clock when the claim or the last record was answered. */
  #since: number;

  constructor(deps: Deps, claimed: Claimed) {
    this.#deps = deps;
    this.#claimed = claimed;
    this.#since = deps.clock.now();
  }

  /** As last recorded, with whatever intent came since the claim. */
  get container(): Container {
    return this.#claimed.container;
  }

  /** Provider keys of the volumes whose rows the last record deleted. */
  get droppedVolumes(): string[] {
    return this.#droppedVolumes;
  }

  /** The database's time, carried on by this process's clock. */
  now(): Date {
    return new Date(this.#claimed.now.getTime() + this.#elapsedMs());
  }

  /** It should be extended before anything else is done under it. */
  get isDue(): boolean {
    return this.#elapsedMs() >= RENEW_SECONDS * 1000;
  }

  /** Makes a call of any length under the lease. What comes of it may be written only if the fence still holds then. */
  during<T>(call: () => Promise<T>): Promise<T> {
    return withHeartbeat(this.#deps.clock, RENEW_SECONDS, () => this.#renew(), call);
  }

  /** Records the run with the events its change implies; extends the lease unless `release` is given. False = the fence is old: stop. */
  async write(
    run: Run,
    more: Partial<
      Pick<RunRecord, 'events' | 'removed' | 'signalDelivered' | 'lastError' | 'attempts' | 'release'>
    > = {},
  ): Promise<boolean> {
    const { container, fence } = this.#claimed;
    const events = [...runEvents(container, run), ...(more.events ?? [])];
    const written = await record(this.#deps.db, {
      removed: false,
      signalDelivered: false,
      lastError: null,
      attempts: more.release ? 0 : container.attempts,
      release: null,
      ...more,
      container,
      fence,
      run,
      events,
      leaseSeconds: LEASE_SECONDS,
    });
    if (!written) return false;
    this.#claimed = written;
    this.#droppedVolumes = written.droppedVolumes;
    this.#since = this.#deps.clock.now();
    this.#deps.wakeups.wake(containerTopic(container.id));
    if (events.length > 0) this.#deps.wakeups.wake(eventsTopic(container.tenantId));
    return true;
  }

  async #renew(): Promise<boolean> {
    const { container, fence } = this.#claimed;
    const { tenantId, id } = container;
    try {
      return await renewLease(this.#deps.db, { tenantId, id, fence, leaseSeconds: LEASE_SECONDS });
    } catch (error) {
      this.#deps.log.warn({ err: error, container: id }, 'a lease could not be renewed');
      return true; // the database may be back before the lease ends
    }
  }

  #elapsedMs(): number {
    return this.#deps.clock.now() - this.#since;
  }
}
