/** The schedule of the background as a rule of EventBridge's. Its client is loaded by who switches. */
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Clock } from './domain/clock.ts';
import { AppError } from './domain/errors.ts';
import type { Schedule } from './domain/schedule.ts';

/** Two who switch at once are told so. */
const RETRY_MS = 200;

/** @param name `rule` or `bus/rule` */
export function scheduleRule(name: string, clock: Clock): Schedule {
  const cut = name.lastIndexOf('/');
  const input = { Name: name.slice(cut + 1), ...(cut > 0 && { EventBusName: name.slice(0, cut) }) };
  let client: EventBridgeClient | undefined;

  async function order(kind: 'EnableRuleCommand' | 'DisableRuleCommand', signal: AbortSignal): Promise<void> {
    const sdk = await import('@aws-sdk/client-eventbridge');
    client ??= new sdk.EventBridgeClient({});
    for (;;) {
      try {
        await client.send(new sdk[kind](input), { abortSignal: signal });
        return;
      } catch (error) {
        const isRace = error instanceof sdk.ConcurrentModificationException;
        if (!isRace || signal.aborted) {
          throw new AppError('unavailable', 'The background cannot be switched on or off at the moment', {
            cause: error,
            details: { retryAfterSeconds: 5 },
          });
        }
      }
      await clock.sleep(RETRY_MS, signal);
    }
  }

  return {
    enable: (signal) => order('EnableRuleCommand', signal),
    disable: (signal) => order('DisableRuleCommand', signal),
  };
}
