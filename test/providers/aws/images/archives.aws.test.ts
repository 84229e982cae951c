/** Images out of ECR as archives, and archives into it, as any tenant's. */
import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { BatchGetImageCommand } from '@aws-sdk/client-ecr';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ImagePort } from '../../../../src/providers/provider.ts';
import { defaultAccount } from '../../../aws-fake/front-door.ts';
import type { AwsFake } from '../../../aws-fake/server.ts';
import { inChunks, makeTar, readEntries } from '../../../support/tar.ts';
import type { TestSite } from '../aws-site.ts';
import { type ImagesBench, region, startImagesBench } from './images-bench.ts';
import { digestOf } from './registry-content.ts';

const within = (seconds = 60) => ({ signal: AbortSignal.timeout(seconds * 1000) });
let bench: ImagesBench;
let fake: AwsFake;
let site: TestSite;
let images: ImagePort;

beforeEach(async () => {
  bench = await startImagesBench();
  ({ fake, site, images } = bench);
});
afterEach(() => bench.close());

/** An archive as the services make it of an upload: verified, layers not compressed. */
const archiveOf = (...contents: string[]) => {
  const layers = contents.map((text) => makeTar([{ path: 'file', text }]));
  const diffIds = layers.map(digestOf);
  const config = JSON.stringify({
    ...{ os: 'linux', architecture: 'amd64', config: { Cmd: ['true'], Labels: { by: 'suite' } } },
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const id = digestOf(config);
  const names = diffIds.map((diffId) => `${diffId.slice(7)}/layer.tar`);
  const manifest = JSON.stringify([{ Config: `${id.slice(7)}.json`, RepoTags: [], Layers: names }]);
  // Latin-1 keeps the bytes of these small tars, whose text is ASCII.
  const tar = makeTar([
    ...layers.map((layer, at) => ({ path: names[at] ?? '', text: layer.toString('latin1') })),
    { path: `${id.slice(7)}.json`, text: config },
    { path: 'manifest.json', text: manifest },
  ]);
  return { id, diffIds, layers, archive: () => inChunks(tar, 4000) };
};
const load = (tenantId: string, { id, archive }: ReturnType<typeof archiveOf>) =>
  images.load?.({ imageIds: [id], archive, tenantId }, within());
const whole = async (source: AsyncIterable<Uint8Array> | undefined) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
};

test('what was loaded is an image of the tenant, and comes out again as it was', async () => {
  const made = archiveOf(randomUUID(), randomUUID());
  const [details] = (await load('ann', made)) ?? [];
  expect(details).toMatchObject({
    ...{ id: made.id, layers: made.diffIds, digest: null, config: { command: ['true'], labels: { by: 'suite' } } },
  });
  expect(await images.inspect(made.id, within())).toEqual(details);
  const saved = await whole(images.save?.([made.id], within()));
  const entries = await readEntries(inChunks(saved));
  const [item] = JSON.parse(entries['manifest.json']?.text ?? '');
  expect(item).toMatchObject({ Config: `${made.id.slice(7)}.json`, RepoTags: null });
  expect(digestOf(entries[item.Config]?.text ?? '')).toBe(made.id);
  const sizes = item.Layers.map((name: string) => entries[name]?.sizeBytes);
  expect(sizes.reduce((sum: number, size: number) => sum + size, 0)).toBe(details?.sizeBytes);
  const packed = made.layers.map((layer) => digestOf(gzipSync(layer)).slice(7));
  expect(item.Layers).toEqual(packed.map((digest: string) => `${digest}/layer.tar`));
});

test('loading twice is loading once, and a manifest of ECR says which layers', async () => {
  const made = archiveOf('same', 'same', 'other');
  await load('ann', made);
  const [details] = (await load('ann', made)) ?? [];
  expect(details?.layers).toEqual(made.diffIds);
  const { images: found = [] } = await site.clients.ecr.send(
    new BatchGetImageCommand({
      repositoryName: 'longshore/ann/images',
      imageIds: [{ imageTag: `id-${made.id.slice(7, 47)}` }],
    }),
  );
  const manifest = JSON.parse(found[0]?.imageManifest ?? '');
  expect(manifest.config.digest).toBe(made.id);
  expect(manifest.layers).toHaveLength(3);
  await images.release(made.id, 'ann', within());
  await expect(images.inspect(made.id, within())).rejects.toMatchObject({ code: 'not_found' });
});

test('a layer of many parts arrives whole, although replies are lost', async () => {
  const text = randomBytes(18 * 1024 * 1024).toString('base64');
  const made = archiveOf(text);
  let replies = 0;
  fake.habits.loseReply = (action) => action === 'ecr:UploadLayerPart' && ++replies === 2;
  await load('ann', made);
  expect(replies).toBeGreaterThan(2);
  const saved = await whole(images.save?.([made.id], within()));
  expect(saved.length).toBeGreaterThan(18 * 1024 * 1024);
});

test('a layer that is not what its image says is refused, and nothing is held', async () => {
  const made = archiveOf('one');
  const lying = { ...archiveOf('two'), id: made.id };
  await expect(load('ann', lying)).rejects.toMatchObject({ code: 'invalid' });
  await expect(images.inspect(made.id, within())).rejects.toMatchObject({ code: 'not_found' });
});

test('a layer that is not what its digest says ends the archive with an error', async () => {
  const made = archiveOf(randomBytes(200_000).toString('base64'));
  await load('ann', made);
  const { layers } = fake.site(defaultAccount, region).ecr.repository('longshore/ann/images');
  for (const [digest, bytes] of layers) layers.set(digest, Buffer.concat([bytes.subarray(1), Buffer.from([0])]));
  const read = whole(images.save?.([made.id], within()));
  await expect(read).rejects.toMatchObject({ code: 'internal' });
});

test('nothing is saved of an image that is not there', async () => {
  const read = whole(images.save?.([`sha256:${'0'.repeat(64)}`], within()));
  await expect(read).rejects.toMatchObject({ code: 'not_found' });
});
