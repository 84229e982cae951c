/** In-process nudges between those who change a row and those who wait for it. Losing one only costs a poll interval. */

export interface Wakeups {
  /** Wakes everyone waiting on the topic. */
  wake(topic: string): void;
  /** Resolves at the next wake of the topic, after `ms`, or when the signal aborts. */
  wait(topic: string, ms: number, signal?: AbortSignal): Promise<void>;
  /** Asks those who attend to the topic to look once more: true when one did, false when nobody does or all left without. */
  ask(topic: string): Promise<boolean>;
  /** Attends to the topic until it is disposed of. */
  attend(topic: string): Attention;
}

export interface Attention extends Disposable {
  /** Somebody asked since the last look. */
  readonly isAsked: boolean;
  /** To be called before looking: it answers everybody who asked so far. */
  look(): void;
}

/** @param sleep of the process's clock */
export function createWakeups(sleep: (ms: number, signal?: AbortSignal) => Promise<void>): Wakeups {
  const waiting = new Map<string, Set<() => void>>();
  const attending = new Map<string, Set<(answer: (looked: boolean) => void) => void>>();
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
    ask: (topic) =>
      new Promise((resolve) => {
        const asks = [...(attending.get(topic) ?? [])];
        let open = asks.length;
        if (open === 0) resolve(false);
        for (const ask of asks) {
          ask((looked) => {
            open -= 1;
            if (looked || open === 0) resolve(looked);
          });
        }
      }),
    attend(topic) {
      let asking: ((looked: boolean) => void)[] = [];
      const answerAll = (looked: boolean) => {
        for (const answer of asking) answer(looked);
        asking = [];
      };
      const ask = (answer: (looked: boolean) => void) => void asking.push(answer);
      const asks = attending.get(topic) ?? new Set();
      attending.set(topic, asks.add(ask));
      return {
        get isAsked() {
          return asking.length > 0;
        },
        look: () => answerAll(true),
        [Symbol.dispose]() {
          asks.delete(ask);
          if (asks.size === 0) attending.delete(topic);
          answerAll(false);
        },
      };
    },
  };
}

export const containerTopic = (containerId: string): string => `container:${containerId}`;
export const eventsTopic = (tenantId: string): string => `events:${tenantId}`;
/** Something became due, or a sweep is wanted now. */
export const DUE_TOPIC = 'due';
export const SWEEP_TOPIC = 'sweep';
