/** The settings of a function: those of the process, with defaults of its own, and without what no function can do. */
import { type Config, parseConfig } from '../config.ts';

/** Invocations come one at a time: two connections, one of each role. A database that pauses takes some 15 s to come back. */
const defaults = { LONGSHORE_DATABASE_CONNECTIONS: '2', LONGSHORE_DATABASE_WAIT_SECONDS: '20' };

/** To be called while the function starts, which then fails with the line that names each wrong or missing setting. */
export function parseFunctionConfig(env: Record<string, string | undefined>): Config {
  const config = parseConfig({ ...defaults, ...env });
  if (config.LONGSHORE_PROVIDER === 'docker') {
    throw new Error('LONGSHORE_PROVIDER: must be aws in a function, which reaches no Docker Engine');
  }
  // Of a process the setting says how many each role may have; of a function, of which there may be very many, how many in all.
  const connections = Math.max(1, Math.floor(config.LONGSHORE_DATABASE_CONNECTIONS / 2));
  return { ...config, LONGSHORE_DATABASE_CONNECTIONS: connections };
}
