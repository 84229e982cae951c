/** The database's migrations with a function's login: the owner's, who may make tables and roles. */
import { type Migrated, migrate } from '../db/migrate.ts';
import type { DatabaseLogin } from '../deps.ts';

/** A database that was paused takes so long to come back. */
const RESUME_SECONDS = 60;

export async function migrateAs({ url, credentials }: DatabaseLogin): Promise<Migrated> {
  if (!credentials) return migrate(url, RESUME_SECONDS);
  const { hostname: host, port, username } = new URL(url);
  const login = { host, port: Number(port || 5432), username: decodeURIComponent(username) };
  const withPassword = new URL(url);
  withPassword.password = encodeURIComponent(await credentials.password(login));
  return migrate(withPassword.href, RESUME_SECONDS);
}
