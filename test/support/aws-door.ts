/** The Docker door over AWS as its users meet it: plain docker CLIs of two tenants, the fake AWS, real processes. For `.docker.test.ts` files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { startTestApp } from './app.ts';
import { type AwsAccount, openAwsAccount } from './aws-account.ts';
import { busyboxImage, pushImage } from './base-images.ts';
import { dockerCli } from './docker-cli.ts';
import type { Door } from './door.ts';
import { openDocker, testDockerHost } from './engine.ts';
import { startRegistry, type TestRegistry } from './registry.ts';

export interface AwsDoor extends Door {
  account: AwsAccount;
  registry: TestRegistry;
  /** In that registry; nobody has pulled it. */
  image: string;
}

/**
 * For the top of a test file, once: everything is gone after its tests, and AWS has had nothing to complain of.
 * @param region that Longshore is set to, when it is to be another than that of the account's things
 */
export async function openAwsDoor(
  env: Record<string, string> = {},
  { region }: { region?: string } = {},
): Promise<AwsDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-aws-door-'));
  const [account, registry] = await Promise.all([openAwsAccount(), startRegistry()]);
  if (region !== undefined) process.env.AWS_REGION = region;
  const docker = openDocker(testDockerHost());
  const image = await pushImage(docker, busyboxImage, { host: registry.host, name: 'base/busybox:1' });
  const app = await startTestApp({ provider: 'aws', env: { ...account.settings, ...env } });
  const [a, b] = [dockerCli(app.url, app.a.admin.key), dockerCli(app.url, app.b.admin.key)];
  afterAll(async () => {
    for (const cli of [a, b]) cli[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
    await app.close();
    const { failures, violations } = account.fake;
    await Promise.all([account.fake.close(), registry.stop()]);
    expect({ failures, violations }).toEqual({ failures: [], violations: [] });
  });
  return { app, a, b, folder, account, registry, image };
}
