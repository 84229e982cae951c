/** In-process nudges between those who change a row and those who wait for it. Losing one only costs a poll interval. */

/** What somebody heard of a container: that it started, that it ended, or anything at all. */
export type News = 'started' | 'ended' | 'changed';

export interface Wakeups {
  /** Wakes everyone waiting on the topic. */
  wake(topic: string): void;
  /** Resolves at the next wake of the topic, after `ms`, or when the signal aborts. */
  wait(topic: string, ms: number, signal?: AbortSignal): Promise<void>;
  /** Asks those who attend to the topic to look once more: true when one did, false when nobody does or all left without. */
  ask(topic: string, news: News): Promise<boolean>;
  /** Attends to the topic until it is disposed of. */
  attend(topic: string): Attention;
}

export interface Attention extends Disposable {
  /** Somebody asked since the last look. */
  readonly isAsked: boolean;
  /** To be called before looking: it answers everybody who asked so far. */
  look(): void;
  /** What the last look showed: until the next one, who hears no more than this needs no other look. */
  know(news: readonly News[]): void;
}

interface Asker {
  news: News;
  answer(looked: boolean): void;
}

/** @param sleep of the process's clock */
export function createWakeups(sleep: (ms: number, signal?: AbortSignal) => Promise<void>): Wakeups {
  const waiting = new Map<string, Set<() => void>>();
  const attending = new Map<string, Set<(asker: Asker) => void>>();
  return {
    wake(topic) {
      for (const resolve of waiting.get(topic) ?? []) resolve();
    },
    async wait(topic, ms, signal) {
      const stop = new AbortController();
      const wakers = waiting.get(topic) ?? new Set();
      waiting.set(topic, wakers);
      const wake = () => stop.abort('awake');
      wakers.add(wake);
      try {
        await sleep(ms, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
      } finally {
        wakers.delete(wake);
        if (wakers.size === 0) waiting.delete(topic);
      }
    },
    ask: (topic, news) =>
      new Promise((resolve) => {
        const asks = [...(attending.get(topic) ?? [])];
        let open = asks.length;
        if (open === 0) resolve(false);
        for (const ask of asks) {
          const answer = (looked: boolean) => {
            open -= 1;
            if (looked || open === 0) resolve(looked);
          };
          ask({ news, answer });
        }
      }),
    attend(topic) {
      let asking: Asker[] = [];
      let known: readonly News[] = [];
      const answer = (looked: boolean, news?: readonly News[]) => {
        const meant = (asker: Asker) => news === undefined || news.includes(asker.news);
        const those = asking.filter(meant);
        asking = asking.filter((asker) => !meant(asker));
        for (const asker of those) asker.answer(looked);
      };
      const ask = (asker: Asker) => {
        if (known.includes(asker.news)) asker.answer(true);
        else asking.push(asker);
      };
      const asks = attending.get(topic) ?? new Set();
      attending.set(topic, asks.add(ask));
      return {
        get isAsked() {
          return asking.length > 0;
        },
        look() {
          // What comes from now on may be news of what was done since the last look.
          known = [];
          answer(true);
        },
        know(news) {
          known = news;
          answer(true, news);
        },
        [Symbol.dispose]() {
          asks.delete(ask);
          if (asks.size === 0) attending.delete(topic);
          answer(false);
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
