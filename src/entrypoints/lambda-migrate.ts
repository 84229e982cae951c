/** The function that a deployment invokes before the new version serves: brings the database up to date and says what that took. */
import { databaseLogin } from '../lambda/database-login.ts';
import { migrateAs } from '../lambda/migration.ts';
import { parseFunctionConfig } from '../lambda/settings.ts';

const config = parseFunctionConfig(process.env);

export const handler = async () => migrateAs(await databaseLogin(config));
