/** In-process nudges between those who change a row and those who wait for it. Losing one only costs a poll interval. */

export interface Wakeups {
  /** Wakes everyone waiting on the topic. */
  wake(topic: string): void;
  /** Resolves at the next wake of the topic, after `ms`, or when the signal aborts. */
  wait(topic: string, ms: number, signal?: AbortSignal): Promise<void>;
}

/** @param sleep of the process's clock */
export function createWakeups(sleep: (ms: number, signal?: AbortSignal) => Promise<void>): Wakeups {
  const waiting = new Map<string, Set<() => void>>();
  return {
    wake(topic) {
      for (const resolve of waiting.get(topic) ?? []) resolve();
    },
    async wait(topic, ms, signal) {
      const stop = new AbortController();
      const wakers = waiting.get(topic) ?? new Set();
      waiting.set(topic, wakers);
      const wake = () => stop.abort();
      wakers.add(wake);
      try {
        await sleep(ms, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
      } finally {
        wakers.delete(wake);
        if (wakers.size === 0) waiting.delete(topic);
      }
    },
  };
}

export const containerTopic = (containerId: string): string => `container:${containerId}`;
export const eventsTopic = (tenantId: string): string => `events:${tenantId}`;
/** Something became due, or a sweep is wanted now. */
export const DUE_TOPIC = 'due';
export const SWEEP_TOPIC = 'sweep';
