/** Takes the lock named by its argument, prints `held` or `refused`, and keeps it until it is killed. */
import { tryLock } from '../../scripts/process-lock.ts';

const unlock = tryLock(process.argv[2] ?? '');
console.log(unlock ? 'held' : 'refused');
if (unlock) setInterval(() => {}, 60_000);
