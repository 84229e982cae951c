/** Lets customers work while one call in five between the server and the Engine goes wrong; then the line gets better. */
import { join } from 'node:path';
import { waitFor } from '../support/wait-for.ts';
import { startEngineProxy } from './engine-proxy.ts';
import { type Setting, Trial, type Verdict } from './trial.ts';

const faultChance = 0.2;
/** Longer than the backoff that a few faults in a row lead to. */
const convergeMs = 60_000;

/** `count` operations are acknowledged under faults. */
export async function proxyFaults(setting: Setting): Promise<Verdict> {
  return Trial.run(setting, async (trial) => {
    const { crowd, installation, server } = trial;
    const socketPath = join(installation.folder, 'engine.sock');
    await using cleanup = new AsyncDisposableStack();
    const proxy = await startEngineProxy(setting.dockerHost, socketPath, setting.seed);
    cleanup.defer(proxy.close);
    await server.end('SIGTERM');
    await server.start({ DOCKER_HOST: proxy.dockerHost });

    proxy.chance = faultChance;
    crowd.begin();
    await waitFor(() => crowd.acknowledged >= setting.count || crowd.violations > 0, { timeoutMs: 3_600_000 });
    proxy.chance = 0;
    await trial.rest('the faults', convergeMs);
    const struck = Object.entries(proxy.struck).map(([fault, times]) => `${times} ${fault}`);
    return [
      `${crowd.acknowledged} operations acknowledged, ${crowd.errors.length} server errors answered and overcome`,
      `${proxy.calls} calls of the Engine: ${struck.join(', ')}`,
      `converged after the faults: ${trial.describedTimes}`,
    ];
  });
}
