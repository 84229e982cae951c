/** The Engine's events as hints. A lost one costs a delay and nothing else, so that none is asked for again. */
import { z } from 'zod';
import type { News } from '../../domain/wakeups.ts';
import type { Hint, WatchOptions } from '../provider.ts';
import type { Site } from './client.ts';
import { ownedBy, readMark } from './labels.ts';
import { jsonLines } from './streams.ts';

const event = z.object({
  Action: z.string(),
  Actor: z.object({ Attributes: z.record(z.string(), z.string()).nullish() }),
});

/** Without those of exec, which every health check makes, and without a creation, which is always our own. */
const changes = ['start', 'die', 'oom', 'pause', 'unpause', 'destroy', 'health_status'];
const newsOf = new Map<string, News>([
  ['start', 'started'],
  ['die', 'ended'],
]);

const firstPauseMs = 200;
const longestPauseMs = 10_000;

/** Goes on over the Engine's restarts until the signal aborts. */
export async function* watchOwned(site: Site, options: WatchOptions): AsyncGenerator<Hint, void, void> {
  const query = ownedBy(site.installId, { type: ['container'], event: changes });
  const subject = { noun: 'engine' } as const;
  let pauseMs = firstPauseMs;
  while (!options.signal.aborted) {
    try {
      const body = await site.engine.stream({ method: 'GET', path: '/events', query, subject }, options);
      options.onHearing?.();
      // Whatever was taken away while nobody listened.
      site.knownNetworks.clear();
      try {
        for await (const line of jsonLines(body)) {
          pauseMs = firstPauseMs;
          const { Action, Actor } = event.parse(line);
          const { containerId } = readMark(Actor.Attributes);
          if (containerId !== null) yield { containerId, news: newsOf.get(Action) ?? 'changed' };
        }
      } finally {
        body.destroy();
      }
    } catch (error) {
      if (!options.signal.aborted) site.log('events of the Engine interrupted', { err: error, pauseMs });
    }
    await site.clock.sleep(pauseMs, options.signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}
