/** A claim on one container: what is known under it, and the only way to write. Ends with a release or by losing the fence. */
import type { Deps } from '../context.ts';
import { type Claimed, claim, claimDue, type RunRecord, record, renewLease } from '../db/claims.ts';
import type { Container, Run } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import { withHeartbeat } from '../domain/heartbeat.ts';
import { containerTopic, eventsTopic } from '../domain/wakeups.ts';
import { runEvents } from './run-events.ts';

/** For so long after a crash nobody works on what was claimed. Whoever lives renews, however long a provider call takes. */
const LEASE_SECONDS = 6;
const RENEW_SECONDS = LEASE_SECONDS / 3;

/** To be taken together with what an operation accepts, which saves the commit of a claim. */
export class LeaseWish {
  readonly owner: string;
  readonly leaseSeconds = LEASE_SECONDS;
  readonly isScheduled: boolean;
  readonly #deps: Deps;
  readonly #askedAt: number;

  /** To be made right before it is sent. */
  constructor(deps: Deps, operationId: string) {
    this.owner = `${deps.workerId}/${operationId}`;
    this.isScheduled = deps.schedule !== null;
    this.#deps = deps;
    this.#askedAt = deps.clock.now();
  }

  /** @param claimed what came of it; null = somebody else holds the lease */
  granted(claimed: Claimed | null): Lease | null {
    return claimed && new Lease(this.#deps, claimed, this.#askedAt);
  }
}

/** Null when somebody else holds it or it is gone. */
export async function takeLease(deps: Deps, at: { tenantId: string; id: string }): Promise<Lease | null> {
  const askedAt = deps.clock.now();
  const claimed = await claim(deps.db, { ...at, owner: deps.workerId, leaseSeconds: LEASE_SECONDS });
  return claimed && new Lease(deps, claimed, askedAt);
}

/** Up to `limit` containers that are due, the longest waiting first. */
export async function takeDue(deps: Deps, limit: number): Promise<Lease[]> {
  const askedAt = deps.clock.now();
  const claimed = await claimDue(deps.db, { owner: deps.workerId, leaseSeconds: LEASE_SECONDS, limit });
  return claimed.map((each) => new Lease(deps, each, askedAt));
}

export class Lease {
  readonly #deps: Deps;
  #claimed: Claimed;
  #droppedVolumes: string[] = [];
  /** This process's clock when the claim or the last record was asked for: the lease may have begun then. */
  #askedAt: number;
  /** The same when it was last extended, by a record or while a call ran. */
  #heldSince: number;
  /** The same when it was answered: by then the database's time was at least what the answer says. */
  #answeredAt: number;

  /** @param askedAt this process's clock before the claim; its answer may have taken longer than the lease lasts */
  constructor(deps: Deps, claimed: Claimed, askedAt: number) {
    this.#deps = deps;
    this.#claimed = claimed;
    this.#askedAt = askedAt;
    this.#heldSince = askedAt;
    this.#answeredAt = deps.clock.now();
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
    return new Date(this.#claimed.now.getTime() + this.#deps.clock.now() - this.#answeredAt);
  }

  /** It should be extended before anything else is done under it. */
  get isDue(): boolean {
    return this.#deps.clock.now() - this.#askedAt >= RENEW_SECONDS * 1000;
  }

  /** Surely nobody else holds it: what the database would say if it were asked, as far as this process can know. */
  get isHeld(): boolean {
    return this.#deps.clock.now() - this.#heldSince < LEASE_SECONDS * 1000;
  }

  /** Makes a call of any length under the lease. What comes of it may be written only if the fence still holds then. */
  during<T>(call: () => Promise<T>): Promise<T> {
    return withHeartbeat(this.#deps.clock, RENEW_SECONDS, () => this.#renew(), call);
  }

  /** The same, and what went wrong is an answer as well. */
  async attempt<T>(call: () => Promise<T>): Promise<{ value: T } | { failure: AppError }> {
    try {
      return { value: await this.during(call) };
    } catch (error) {
      if (error instanceof AppError) return { failure: error };
      return { failure: new AppError('internal', 'The provider failed unexpectedly', { cause: error }) };
    }
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
    const askedAt = this.#deps.clock.now();
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
    this.#askedAt = askedAt;
    this.#heldSince = askedAt;
    this.#answeredAt = this.#deps.clock.now();
    if (more.release && !more.removed) this.#deps.snapshots.keep(written);
    this.#deps.wakeups.wake(containerTopic(container.id));
    if (events.length > 0) this.#deps.wakeups.wake(eventsTopic(container.tenantId));
    return true;
  }

  async #renew(): Promise<boolean> {
    const { container, fence } = this.#claimed;
    const { tenantId, id } = container;
    const askedAt = this.#deps.clock.now();
    try {
      const isOurs = await renewLease(this.#deps.db, { tenantId, id, fence, leaseSeconds: LEASE_SECONDS });
      if (isOurs) this.#heldSince = Math.max(this.#heldSince, askedAt);
      return isOurs;
    } catch (error) {
      this.#deps.log.warn({ err: error, container: id }, 'a lease could not be renewed');
      return true; // the database may be back before the lease ends
    }
  }
}
