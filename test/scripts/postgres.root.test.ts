import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../support/child.ts';

let folder: string;
let dataDir: string;
/** An environment in which user namespaces look forbidden. */
let forbidding: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-pg-'));
  chmodSync(folder, 0o755);
  dataDir = join(folder, 'data');
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  writeFileSync(join(programs, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  forbidding = { PATH: [programs, process.env.PATH].join(delimiter) };
});
afterEach(() => rmSync(folder, { recursive: true }));

async function startAndStop(env: NodeJS.ProcessEnv): Promise<number> {
  const owner = run('test/scripts/postgres-owner.ts', [dataDir], { env });
  await owner.nextLine();
  const { uid } = statSync(join(dataDir, 'postgres/postmaster.pid'));
  await owner.end('SIGTERM');
  return uid;
}

test('root runs Postgres as nobody where user namespaces are forbidden, and the cluster moves either way', async () => {
  expect(await startAndStop(forbidding)).toBe(65_534);
  expect(await startAndStop({})).toBe(0);
  expect(await startAndStop(forbidding)).toBe(65_534);
});

test('a folder that nobody cannot enter is named', async () => {
  chmodSync(folder, 0o700);
  const owner = run('test/scripts/postgres-owner.ts', [dataDir], { env: forbidding });
  await expect(owner.nextLine()).rejects.toThrow(`${folder} is closed to the user nobody`);
});
