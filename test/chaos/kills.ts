/** Kills the serving process at random milliseconds, again and again, while customers work; looks after each restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Setting, Trial, type Verdict } from './trial.ts';

const longestLifeMs = 3_000;
const convergeMs = 10_000;

export function kills(setting: Setting): Promise<Verdict> {
  return Trial.run(setting, async (trial) => {
    const { crowd, server, random } = trial;
    for (let kill = 1; kill <= setting.count && !trial.hasFailed; kill++) {
      crowd.begin();
      await sleep(random.below(longestLifeMs));
      await server.end('SIGKILL');
      await server.start();
      await trial.rest(`kill ${kill}`, convergeMs);
    }
    return [
      `${trial.times.length} kills of the server; ${crowd.acknowledged} operations acknowledged, ${crowd.cutOff} requests cut off`,
      `converged after each restart: ${trial.describedTimes}`,
    ];
  });
}
