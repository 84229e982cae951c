/** What the documents promise of migrations: the version before, which serves while they run, goes on working beside them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { migrationsFolder } from '../../src/db/migrate.ts';

/** Those before it came before the first deployment. */
const firstBesideAnother = '0005';
/** A later release may take away what no version that still serves uses, and says what: `-- contracts: table.column`. */
const contraction = /^-- contracts: \S+/m;

const takingAway: [string, RegExp][] = [
  ['drops', /\bdrop\s+(table|column|view|type|function|constraint|schema|role)\b/i],
  ['renames', /\brename\s+(to|column|constraint)\b/i],
  ['narrows', /\balter\s+column\s+\S+\s+(set\s+not\s+null|(set\s+data\s+)?type)\b/i],
  ['takes rights', /\brevoke\b/i],
  ['asks for a value that the version before does not give', /\badd\s+column\b(?!.*\bdefault\b).*\bnot\s+null\b/i],
];

function whatBreaksTheVersionBefore(sql: string): string[] {
  if (contraction.test(sql)) return [];
  const made = new Set([...sql.matchAll(/create table "?(\w+)"?/gi)].map(([, table]) => table));
  return sql.split(';').flatMap((statement) => {
    const [, table] = /\b(?:alter|on)\s+(?:table\s+)?"?(\w+)"?/i.exec(statement) ?? [];
    if (table !== undefined && made.has(table)) return [];
    return takingAway.filter(([, pattern]) => pattern.test(statement)).map(([what]) => `${what}: ${statement.trim()}`);
  });
}

test('every migration since the first deployment only adds', () => {
  const names = readdirSync(migrationsFolder).filter((name) => name.endsWith('.sql') && name >= firstBesideAnother);
  expect(names.length).toBeGreaterThan(5);
  const broken = names.flatMap((name) =>
    whatBreaksTheVersionBefore(readFileSync(join(migrationsFolder, name), 'utf8')),
  );
  expect(broken).toEqual([]);
});

test.each([
  'ALTER TABLE "runs" DROP COLUMN "ports";',
  'ALTER TABLE "runs" RENAME COLUMN "ports" TO "published";',
  'ALTER TABLE "runs" ADD COLUMN "x" text NOT NULL;',
  'ALTER TABLE "runs" ALTER COLUMN "x" SET NOT NULL;',
  'ALTER TABLE "runs" ALTER COLUMN "x" SET DATA TYPE bigint;',
  'DROP TABLE "runs";',
  'REVOKE SELECT ON runs FROM longshore_app;',
])('%s would break it', (sql) => {
  expect(whatBreaksTheVersionBefore(sql)).toHaveLength(1);
  expect(whatBreaksTheVersionBefore(`-- contracts: runs.x, unused for a release\n${sql}`)).toEqual([]);
});
