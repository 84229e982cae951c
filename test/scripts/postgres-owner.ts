/** Starts the embedded Postgres of a data folder, prints its url, and keeps it until a signal. SIGTERM stops it properly. */
import { startPostgres } from '../../scripts/postgres.ts';

const [dataDir = ''] = process.argv.slice(2);
const database = await startPostgres({ dataDir, log: () => {}, settings: { log_checkpoints: 'off' } });
const keepAlive = setInterval(() => {}, 60_000);
process.once('SIGTERM', async () => {
  await database.stop();
  clearInterval(keepAlive);
});
console.log(database.url);
