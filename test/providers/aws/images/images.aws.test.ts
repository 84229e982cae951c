/** Images from a real registry into the fake's ECR, and what becomes of them there. */
import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { DescribeImagesCommand, DescribeRepositoriesCommand } from '@aws-sdk/client-ecr';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ImageDetails } from '../../../../src/domain/image.ts';
import { writeUse } from '../../../../src/providers/aws/images/uses.ts';
import type { ImagePort, PullInput, PullProgress } from '../../../../src/providers/provider.ts';
import type { AwsFake } from '../../../aws-fake/server.ts';
import { startRegistry, type TestRegistry } from '../../../support/registry.ts';
import type { TestSite } from '../aws-site.ts';
import { type ImagesBench, startImagesBench } from './images-bench.ts';
import { digestOf, pushBlob, pushManifest } from './registry-content.ts';

const within = (seconds = 60) => ({ signal: AbortSignal.timeout(seconds * 1000) });
let registry: TestRegistry;
let bench: ImagesBench;
let fake: AwsFake;
let site: TestSite;
let images: ImagePort;

beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());
beforeEach(async () => {
  bench = await startImagesBench();
  ({ fake, site, images } = bench);
});
afterEach(() => bench.close());

/** An image of these layers in the registry. */
const publish = async (layers: Buffer[], architecture = 'amd64', tag: string | null = 'v1', path = 'team/app') => {
  const config = Buffer.from(
    JSON.stringify({
      ...{ os: 'linux', architecture, created: '2024-01-02T03:04:05Z', author: 'ann' },
      config: { Env: ['A=b'], Cmd: ['true'], ExposedPorts: { '80/tcp': {} }, Labels: { by: 'suite' } },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
      history: [
        ...layers.map((_, at) => ({ created: '2024-01-02T03:04:05Z', created_by: `COPY ${at}` })),
        { created: '2024-01-02T03:04:06Z', created_by: 'CMD ["true"]', empty_layer: true },
      ],
    }),
  );
  const blobs = [];
  for (const bytes of [config, ...layers]) blobs.push(await pushBlob(registry.host, path, bytes));
  const [first, ...others] = blobs;
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...first },
    layers: others.map((blob) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...blob })),
  };
  return { id: first?.digest ?? '', ...(await pushManifest(registry.host, path, tag, manifest)) };
};
const named = (tenantId: string, more: Partial<PullInput> = {}): PullInput => ({
  ...{ domain: registry.host, path: 'team/app', tag: 'v1', digest: null, auth: null, tenantId, ...more },
});
const pull = async (input: PullInput): Promise<{ details: ImageDetails; progress: PullProgress[] }> => {
  const progress: PullProgress[] = [];
  const pulling = images.pull(input, within());
  for (;;) {
    const step = await pulling.next();
    if (step.done) return { details: step.value, progress };
    progress.push(step.value);
  }
};
const stored = async (tenantId: string) => {
  const repositoryName = `longshore/${tenantId}/${registry.host.replace(':', '-')}/team/app`;
  return (await site.clients.ecr.send(new DescribeImagesCommand({ repositoryName }))).imageDetails ?? [];
};
const requests = (action: string) => {
  const seen: unknown[] = [];
  fake.habits.refuse = (asked, input) => {
    if (asked === action) seen.push(input);
    return undefined;
  };
  return seen;
};

test('an image is pulled with all that is known of it, and only once', async () => {
  const layers = [gzipSync(randomBytes(1000)), gzipSync(randomBytes(2000))];
  const { id, digest } = await publish(layers);
  const { details, progress } = await pull(named('ann'));
  expect(details).toMatchObject({
    ...{ id, digest, os: 'linux', architecture: 'amd64', author: 'ann', createdAt: '2024-01-02T03:04:05Z' },
    layers: layers.map((layer) => digestOf(layer)),
    sizeBytes: layers.reduce((sum, { length }) => sum + length, 0),
    config: { env: ['A=b'], command: ['true'], exposedPorts: ['80/tcp'], labels: { by: 'suite' }, healthcheck: null },
    history: [
      { createdBy: 'CMD ["true"]', sizeBytes: 0, emptyLayer: true },
      { createdBy: 'COPY 1', sizeBytes: layers[1]?.length, emptyLayer: false },
      { createdBy: 'COPY 0', sizeBytes: layers[0]?.length },
    ],
  });
  expect(progress.map(({ status }) => status)).toContain('Pull complete');
  expect(await stored('ann')).toMatchObject([{ imageDigest: digest, imageTags: [expect.stringMatching(/^id-/)] }]);
  expect(await images.inspect(id, within())).toEqual(details);
  const uploads = requests('ecr:UploadLayerPart');
  const again = await pull(named('ann', { tag: null, digest }));
  expect(again.details).toEqual(details);
  expect(new Set(again.progress.map(({ status }) => status))).toEqual(new Set(['Already exists', `Digest: ${digest}`]));
  expect(uploads).toEqual([]);
});

test('a repository of the tenant is made, and says whose it is', async () => {
  await publish([gzipSync('x')]);
  await pull(named('ann'));
  const { repositories = [] } = await site.clients.ecr.send(new DescribeRepositoriesCommand({}));
  const names = repositories.map(({ repositoryName }) => repositoryName);
  expect(names).toEqual([`longshore/ann/${registry.host.replace(':', '-')}/team/app`]);
});

test('of several platforms the one that is asked for comes, and the digest is that of the list', async () => {
  const each = await Promise.all(
    ['amd64', 'arm64'].map(async (architecture) => {
      const made = await publish([gzipSync(architecture)], architecture, null);
      return { ...made, architecture };
    }),
  );
  const list = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: each.map(({ digest, size, architecture }) => ({
      ...{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size },
      platform: { os: 'linux', architecture },
    })),
  };
  const { digest } = await pushManifest(registry.host, 'team/app', 'many', list);
  const [amd, arm] = each;
  expect((await pull(named('ann', { tag: 'many' }))).details).toMatchObject({ id: amd?.id, digest });
  const chosen = await pull(named('ann', { tag: 'many', platform: 'linux/arm64/v8' }));
  expect(chosen.details).toMatchObject({ id: arm?.id, digest, architecture: 'arm64' });
  await expect(pull(named('ann', { tag: 'many', platform: 'linux/s390x' }))).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('linux/s390x'),
  });
});

test('a layer larger than a part arrives whole, although replies are lost, and is never in memory at once', async () => {
  const layer = randomBytes(25 * 1024 * 1024);
  const { digest } = await publish([layer], 'amd64', 'big');
  const parts = requests('ecr:UploadLayerPart');
  let replies = 0;
  fake.habits.loseReply = (action) => action === 'ecr:UploadLayerPart' && ++replies === 2;
  const { progress } = await pull(named('ann', { tag: 'big' }));
  expect(parts.length).toBeGreaterThan(4);
  expect(await stored('ann')).toMatchObject([{ imageDigest: digest }]);
  const seen = progress.filter(({ status, total }) => status === 'Downloading' && total === layer.length);
  expect(seen.map(({ current }) => current)).toEqual([10, 20, 25].map((size) => size * 1024 * 1024));
});

test('a tenant’s hold is a copy of his own, and no release takes it away', async () => {
  const { id, digest } = await publish([gzipSync(randomUUID())]);
  await pull(named('ann'));
  await images.hold(id, 'bob', within());
  await images.hold(id, 'bob', within());
  await images.release(id, 'ann', within());
  expect(await stored('ann')).toEqual([]);
  expect(await stored('bob')).toMatchObject([{ imageDigest: digest }]);
  expect(await images.inspect(id, within())).toMatchObject({ id });
  await images.release(id, 'bob', within());
  await images.release(id, 'bob', within());
  await expect(images.inspect(id, within())).rejects.toMatchObject({ code: 'not_found' });
  await expect(images.hold(id, 'bob', within())).rejects.toMatchObject({ code: 'not_found' });
});

test('an image is not released while a run uses it', async () => {
  const { id } = await publish([gzipSync(randomUUID())]);
  await pull(named('ann'));
  await writeUse(site, { imageId: id, tenantId: 'ann', key: 'ls-1' }, within());
  await expect(images.release(id, 'ann', within())).rejects.toMatchObject({ code: 'conflict' });
  expect(await stored('ann')).toHaveLength(1);
});

test('what the registry lacks is not_found by its name, and a registry that is not there unavailable', async () => {
  await expect(pull(named('ann', { path: 'team/none' }))).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('team/none:v1'),
  });
  await expect(pull(named('ann', { domain: '127.0.0.1:1' }))).rejects.toMatchObject({ code: 'unavailable' });
});
