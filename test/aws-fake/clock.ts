/** The fake's time. A manual clock moves only when a test advances it, and runs what falls due on the way in order. */

export interface FakeClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs the action once that time has come, unless the returned function was called before. */
  after(ms: number, action: () => void | Promise<void>): () => void;
}

export interface ManualClock extends FakeClock {
  /** Moves the clock, awaiting each action that falls due, and what follows from it in memory, before the next. */
  advance(ms: number): Promise<void>;
}

/** @param onError what an action of a timer throws */
export function realClock(onError: (error: unknown) => void): FakeClock {
  return {
    now: () => Date.now(),
    after(ms, action) {
      const timer = setTimeout(() => {
        Promise.resolve().then(action).catch(onError);
      }, ms);
      return () => clearTimeout(timer);
    },
  };
}

export function manualClock(start = Date.now()): ManualClock {
  let now = start;
  let order = 0;
  const due = new Map<number, { at: number; action: () => void | Promise<void> }>();
  const next = () => [...due].sort(([a, x], [b, y]) => x.at - y.at || a - b).at(0);
  return {
    now: () => now,
    after(ms, action) {
      const id = ++order;
      due.set(id, { at: now + Math.max(0, ms), action });
      return () => due.delete(id);
    },
    async advance(ms) {
      await settled();
      const end = now + ms;
      for (let first = next(); first && first[1].at <= end; first = next()) {
        const [id, { at, action }] = first;
        due.delete(id);
        now = Math.max(now, at);
        await action();
        await settled();
      }
      now = end;
    },
  };
}

const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Resolves after that time on the clock; at once for no time. */
export function pause(clock: FakeClock, ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(ms, resolve));
}
