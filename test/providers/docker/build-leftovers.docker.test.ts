/** What builds leave on an Engine when the server or the Engine dies under them, and how the sweep finds it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/domain/clock.ts';
import { buildMark } from '../../../src/providers/docker/build-mark.ts';
import { createDockerProvider } from '../../../src/providers/docker/docker.ts';
import type { BuildInput } from '../../../src/providers/provider.ts';
import { packTar, wholeFile } from '../../../src/services/archive-stream.ts';
import { busyboxImage } from '../../support/base-images.ts';
import { openDocker, testDockerHost } from '../../support/engine.ts';
import { waitFor } from '../../support/wait-for.ts';

const docker = openDocker(testDockerHost());
const within = (seconds = 30) => ({ signal: AbortSignal.timeout(seconds * 1000) });
const tenantId = randomUUID();
const installId: string = randomUUID();
const daysLater = (days: number) => ({ ...systemClock, now: () => systemClock.now() + days * 86_400_000 });
const providerAt = (days: number, install = installId) =>
  createDockerProvider({
    ...{ dockerHost: testDockerHost(), installId: install, publishAddress: '127.0.0.1', clock: daysLater(days) },
  });
const provider = providerAt(0);
let imageId: string;

beforeAll(async () => {
  imageId = (await provider.images.inspect(busyboxImage, within())).id;
});
afterAll(async () => {
  for (const object of await providerAt(100).listOwned(within())) await provider.discard(object, within());
  await provider.images.pruneBuilds?.(tenantId, () => true, within());
});

async function build(steps: string[], signal = within(60).signal, from = imageId) {
  const input: BuildInput = {
    ...{ tenantId, dockerfile: [`FROM ${from}`, ...steps, ''].join('\n'), dockerfilePath: 'Dockerfile' },
    context: (dockerfile) => packTar([wholeFile('Dockerfile', Buffer.from(dockerfile))]),
    ...{ target: null, buildArgs: {}, labels: {}, noCache: false, network: null, extraHosts: [] },
    ...{ memoryMiB: 64, cpus: 1, shmMiB: null },
  };
  const building = provider.images.build?.(input, { signal });
  if (!building) throw new Error('no builds');
  for (;;) {
    const step = await building.next();
    if (step.done) return step.value;
  }
}
const ownedImages = async (days: number, install?: string) =>
  (await providerAt(days, install).listOwned(within())).filter(({ kind }) => kind === 'image');
const isThere = (id: string) =>
  docker
    .getImage(id)
    .inspect()
    .then(
      () => true,
      () => false,
    );

test('the original of a result is found by the sweep once it is old, and its removal leaves the copy as it is', async () => {
  const made = await build([`RUN echo ${randomUUID()} > /text`, 'CMD ["cat", "/text"]']);
  const young = await ownedImages(1);
  expect(young.map(({ key }) => key)).toEqual([made.id]);
  const left = (await ownedImages(3)).filter(({ key, handle }) => key === handle);
  expect(left).toHaveLength(1);
  expect(await ownedImages(3, randomUUID())).toEqual([]);
  for (const object of left) await provider.discard(object, within());
  expect(await isThere(left[0]?.key ?? '')).toBe(false);
  expect(await provider.images.inspect(made.id, within())).toEqual(made);
  await provider.images.release(made.id, tenantId, within());
  expect(await isThere(made.id)).toBe(false);
});

test('a build whose server goes away ends with its step, and its earlier steps are left to the sweep', async () => {
  const mark = `echo ${randomUUID()}`;
  const gone = new AbortController();
  const building = build([`RUN ${mark} > /text`, `RUN ${mark}; sleep 120`], gone.signal);
  const running = () =>
    docker.listContainers({ all: true }).then((all) => all.filter(({ Command }) => Command.includes(mark)));
  await waitFor(async () => (await running())[0]?.State === 'running', { timeoutMs: 20_000 });
  gone.abort();
  await expect(building).rejects.toMatchObject({ code: expect.any(String) });
  await waitFor(async () => (await running()).length === 0, { timeoutMs: 20_000 });
  const left = (await ownedImages(3)).filter(({ key, handle }) => key === handle);
  expect(left).toHaveLength(1);
  for (const object of left) await provider.discard(object, within());
  expect(await isThere(left[0]?.key ?? '')).toBe(false);
});

test('the container of a step that outlived its Engine is found, and no running one or one of others', async () => {
  const create = (install: string, more: object = {}) =>
    docker.createContainer({
      Image: busyboxImage,
      Cmd: ['sleep', '60'],
      Labels: { 'longshore.build': buildMark(install, tenantId), ...more },
      HostConfig: { NetworkMode: 'none' },
    });
  const left = await create(installId);
  const others = [await create(randomUUID()), await create(installId, { 'longshore.install': installId })];
  const running = await create(installId);
  await running.start();
  try {
    const found = (await provider.listOwned(within())).filter(
      ({ kind, tenantId: of }) => kind === 'container' && of === '',
    );
    expect(found.map(({ handle }) => handle)).toContain(left.id);
    expect(found.map(({ handle }) => handle)).not.toContain(running.id);
    expect(found.map(({ handle }) => handle)).not.toContain(others[0]?.id);
    const mine = found.find(({ handle }) => handle === left.id);
    if (mine) await provider.discard(mine, within());
    await expect(left.inspect()).rejects.toMatchObject({ statusCode: 404 });
  } finally {
    for (const container of [running, ...others]) await container.remove({ force: true });
  }
});

test('a base with triggers leaves no name behind', async () => {
  const base = await build([`ONBUILD RUN echo ${randomUUID()}`]);
  const child = await build(['CMD ["true"]'], within(60).signal, base.id);
  expect(child.config.onBuild).toEqual([]);
  expect((await ownedImages(0)).map(({ key }) => key).sort()).toEqual([base.id, child.id].sort());
  for (const { id } of [child, base]) await provider.images.release(id, tenantId, within());
  expect(await ownedImages(0)).toEqual([]);
});
