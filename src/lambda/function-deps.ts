/** Deps whose secrets are elsewhere: of a function at its first invocation, for a database may take longer to come back than a start may last. */
import type { Config } from '../config.ts';
import type { Deps } from '../context.ts';
import { buildDeps } from '../deps.ts';
import { parseApiKey } from '../domain/api-key.ts';
import { databaseLogin } from './database-login.ts';
import { readSecret } from './secrets.ts';

/** Throws unavailable while the database or a secret cannot be reached. */
export async function functionDeps(config: Config): Promise<Deps> {
  const [login, operatorKey] = await Promise.all([databaseLogin(config), operatorKeyOf(config)]);
  return buildDeps({ ...config, LONGSHORE_OPERATOR_KEY: operatorKey }, login);
}

async function operatorKeyOf(config: Config): Promise<string | undefined> {
  const { LONGSHORE_OPERATOR_KEY_SECRET: secret, LONGSHORE_OPERATOR_KEY: given } = config;
  if (secret === undefined) return given;
  const key = (await readSecret(secret)).trim();
  if (!parseApiKey(key)) throw new Error(`LONGSHORE_OPERATOR_KEY_SECRET: ${secret} holds no key of newApiKey()`);
  return key;
}

/** One for all who ask; what failed is tried again by whoever asks next. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}
