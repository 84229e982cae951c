/** Passwords for ECR's registry, each for one tenant, and what is pushed with them. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ImagePort, PushAccess, PushedImage } from '../../../../src/providers/provider.ts';
import type { TestSite } from '../aws-site.ts';
import { type ImagesBench, startImagesBench } from './images-bench.ts';
import { digestOf, pushBlob, pushManifest } from './registry-content.ts';

const within = (seconds = 60) => ({ signal: AbortSignal.timeout(seconds * 1000) });
let bench: ImagesBench;
let site: TestSite;
let images: ImagePort;

beforeEach(async () => {
  bench = await startImagesBench({ pushRole: 'arn:aws:iam::111122223333:role/push' });
  ({ site, images } = bench);
});
afterEach(() => bench.close());

const grant = async (tenantId: string, ...repositories: string[]): Promise<PushAccess> => {
  const access = await images.pushAccess?.({ tenantId, repositories }, within());
  if (!access) throw new Error('no access');
  return access;
};
const headersOf = ({ username, password }: PushAccess) => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
});
/** As `docker push` does. @param name with its registry */
const push = async (access: PushAccess, name: string, tag: string, text: string) => {
  const [host = '', ...parts] = name.split('/');
  const [path, headers] = [parts.join('/'), headersOf(access)];
  const layer = gzipSync(text);
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digestOf(text)] } }),
  );
  const blobs = [await pushBlob(host, path, config, headers), await pushBlob(host, path, layer, headers)];
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...blobs[0] },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...blobs[1] }],
  };
  return { id: blobs[0]?.digest ?? '', ...(await pushManifest(host, path, tag, manifest, headers)) };
};
const pushed = async (tenantId: string) => {
  const found: PushedImage[] = [];
  for await (const image of images.pushed?.(tenantId, within()) ?? []) found.push(image);
  return found;
};

test('a password pushes to repositories of its tenant, and to nobody else’s', async () => {
  const ann = await grant('ann', 'team/web', 'tools');
  const bob = await grant('bob', 'team/web');
  expect(ann.repositories.map((name) => name.replace(ann.registry, ''))).toEqual([
    '/longshore/ann/team/web',
    '/longshore/ann/tools',
  ]);
  expect(ann.expiresAt.getTime() - Date.now()).toBeGreaterThan(50 * 60_000);
  expect(ann.password).not.toBe((await grant('ann', 'tools')).password);
  await push(ann, ann.repositories[0] ?? '', 'v1', 'hello');
  await expect(push(bob, ann.repositories[0] ?? '', 'v2', 'evil')).rejects.toThrow('403');
  expect(JSON.stringify(site.told)).not.toContain(ann.password);
});

test('what was pushed is told once, held by then, and told again where its tag moves', async () => {
  const ann = await grant('ann', 'web');
  const [name = ''] = ann.repositories;
  expect(await pushed('ann')).toEqual([]);
  const first = await push(ann, name, 'v1', 'one');
  expect(await pushed('ann')).toMatchObject([
    { repository: name, tag: 'v1', digest: first.digest, details: { id: first.id, digest: first.digest } },
  ]);
  expect(await images.inspect(first.id, within())).toMatchObject({ id: first.id });
  expect(await pushed('ann')).toEqual([]);
  expect(await pushed('bob')).toEqual([]);
  const second = await push(ann, name, 'v1', 'two');
  expect(await pushed('ann')).toMatchObject([{ tag: 'v1', details: { id: second.id } }]);
  await images.release(second.id, 'ann', within());
  expect(await pushed('ann')).toEqual([]);
});

test('who breaks off is told the same again', async () => {
  const ann = await grant('ann', 'web');
  const { id } = await push(ann, ann.repositories[0] ?? '', 'v1', 'one');
  for await (const { details } of images.pushed?.('ann', within()) ?? []) {
    expect(details.id).toBe(id);
    break;
  }
  expect(await pushed('ann')).toMatchObject([{ details: { id } }]);
});

test('a name that ECR does not take is invalid, and without a role there are no passwords', async () => {
  await expect(grant('ann', 'Team/Web')).rejects.toMatchObject({ code: 'invalid' });
  await expect(grant('ann', '../bob/web')).rejects.toMatchObject({ code: 'invalid' });
  site.settings.pushRole = null;
  expect(bench.open().pushAccess).toBeUndefined();
});
