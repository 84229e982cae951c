/** The Docker door on the real Engine as its users meet it: a plain docker CLI for each of two tenants. For `.docker.test.ts` files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { startTestApp, type TestApp } from './app.ts';
import { type DockerCli, dockerCli } from './docker-cli.ts';

export interface Door {
  app: TestApp;
  a: DockerCli;
  b: DockerCli;
  /** For the files of the test. */
  folder: string;
}

/**
 * For the top of a test file, once: everything is gone after its tests.
 * @param env settings beside the usual ones
 */
export async function openDoor(env: Record<string, string> = {}): Promise<Door> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-door-'));
  const app = await startTestApp({ provider: 'docker', env });
  const [a, b] = [dockerCli(app.url, app.a.admin.key), dockerCli(app.url, app.b.admin.key)];
  afterAll(async () => {
    for (const cli of [a, b]) cli[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
    await app.close();
  });
  return { app, a, b, folder };
}
