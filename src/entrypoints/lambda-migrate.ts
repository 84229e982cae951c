/** The function that a deployment invokes before the new version serves: brings the database up to date and says what that took. */
import { systemIds } from '../domain/clock.ts';
import { databaseLogin } from '../lambda/database-login.ts';
import { migrateAs } from '../lambda/migration.ts';
import { ensureOperatorKey } from '../lambda/operator-key.ts';
import { parseFunctionConfig } from '../lambda/settings.ts';

const config = parseFunctionConfig(process.env);

export const handler = async () => {
  const migrated = await migrateAs(await databaseLogin(config));
  const { LONGSHORE_OPERATOR_KEY_SECRET: secret } = config;
  if (secret !== undefined) await ensureOperatorKey(secret, systemIds);
  return migrated;
};
