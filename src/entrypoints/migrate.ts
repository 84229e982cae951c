/** Applies the migrations of DATABASE_URL and ends. Run at deploy, before the new version; safe to run twice. */
import { migrate } from '../db/migrate.ts';

const url = process.env.DATABASE_URL;
if (!url) {
  console.error('DATABASE_URL is not set: name the database to migrate');
  process.exit(2);
}
const { applied, latest } = await migrate(url);
console.log(`The database is up to date at ${latest}; applied now: ${applied.join(', ') || 'none'}`);
