/** Uses the private Engine of a place until SIGTERM: prints its address, and `released` once it gave it back. */
import { join } from 'node:path';
import { acquireEngine } from '../../scripts/engine.ts';

const [folder = '', patience = '20000'] = process.argv.slice(2);
const place = { folder: join(folder, 'run'), dataRoot: join(folder, 'data'), patienceMs: Number(patience) };
const env = { DOCKER_HOST: `unix://${place.folder}/engine.sock` };
const engine = await acquireEngine({ env, log: () => {}, install: false, place });
const keepAlive = setInterval(() => {}, 60_000);
process.once('SIGTERM', async () => {
  await engine.release();
  clearInterval(keepAlive);
});
console.log(engine.dockerHost);
