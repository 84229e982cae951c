/** Images made of runs, and new limits for runs. */
import { expect } from 'vitest';
import type { CommitInput, RunRef } from '../../src/providers/provider.ts';
import { inChunks, makeTar, readEntries } from '../support/tar.ts';
import { waitFor } from '../support/wait-for.ts';
import type { When } from './capabilities.ts';
import { type RunWish, type World, within } from './harness.ts';

export function commitCases(world: () => World, when: When): void {
  /** The image is released when the case is over. */
  async function commit(run: RunRef, more: Partial<CommitInput> = {}, tenant: 0 | 1 = 0) {
    const { provider, harness, later } = world();
    const tenantId = harness.tenants[tenant];
    const details = await provider.commit(
      run,
      { tenantId, author: '', comment: '', pause: false, config: {}, ...more },
      within(),
    );
    later(() => provider.images.release(details.id, tenantId, within()));
    return details;
  }
  const madeOf = (imageId: string, wish: RunWish = {}) =>
    world().create({ input: { ...world().input(wish), imageId } });

  when('commit', 'archive')('a run made of the image has the files of the run that it was made of', async () => {
    const { provider, create } = world();
    const run = await create();
    const tar = makeTar([{ path: 'note', text: 'hello' }]);
    const options = { ...within(), noOverwriteDirNonDir: false, copyUidGid: false };
    await provider.archive.put(run, '/tmp', inChunks(tar), options);
    const image = await commit(run, { comment: 'with a note' });
    expect(await provider.images.inspect(image.id, within())).toEqual(image);
    expect(image.history[0]?.comment).toBe('with a note');
    const again = await madeOf(image.id);
    const { content } = await provider.archive.get(again, '/tmp/note', within());
    expect(Object.values(await readEntries(content))).toMatchObject([{ text: 'hello' }]);
    expect(await provider.changes?.(again, within())).toEqual([]);
  });

  when('commit')('the configuration is that of the run, changed as asked, and says nothing of ours', async () => {
    const { create } = world();
    const run = await create({
      command: ['sleep', '60'],
      spec: { env: { A: '1', B: '2' }, labels: { app: 'shop' }, user: '7', workdir: '/tmp' },
    });
    const plain = await commit(run);
    expect(plain.config).toMatchObject({ command: ['sleep', '60'], user: '7', workdir: '/tmp', onBuild: [] });
    expect(plain.config.env).toEqual(expect.arrayContaining(['A=1', 'B=2']));
    expect(plain.config.labels).toMatchObject({ app: 'shop' });
    const changed = await commit(run, {
      config: {
        entrypoint: ['/bin/echo'],
        env: { B: '3' },
        labels: { tier: 'web' },
        exposedPorts: ['80/tcp'],
        volumes: ['/data'],
        workdir: '/',
        user: '8',
        onBuild: ['RUN true'],
        healthcheck: {
          command: ['CMD', 'true'],
          intervalSeconds: 30,
          timeoutSeconds: 30,
          startPeriodSeconds: 0,
          retries: 3,
        },
      },
    });
    expect(changed.config).toMatchObject({
      entrypoint: ['/bin/echo'],
      command: null,
      exposedPorts: ['80/tcp'],
      volumes: ['/data'],
      workdir: '/',
      user: '8',
      onBuild: ['RUN true'],
      healthcheck: { command: ['CMD', 'true'] },
      labels: { app: 'shop', tier: 'web' },
    });
    expect(changed.config.env).toEqual(expect.arrayContaining(['A=1', 'B=3']));
    for (const { config } of [plain, changed]) {
      expect(Object.keys(config.labels).filter((name) => name.startsWith('longshore'))).toEqual([]);
    }
  });

  when('commit')('a running run can be frozen meanwhile, and runs on', async () => {
    const { start, until } = world();
    const run = await start();
    await commit(run, { pause: true });
    await until(run, 'running');
  });

  when('commit')('the image stays for as long as one tenant holds it', async () => {
    const { provider, create, harness } = world();
    const run = await create();
    const image = await commit(run);
    await provider.destroy(run, within());
    await provider.images.hold(image.id, harness.tenants[1], within());
    await provider.images.release(image.id, harness.tenants[0], within());
    expect(await provider.images.inspect(image.id, within())).toEqual(image);
    await provider.images.release(image.id, harness.tenants[1], within());
    await expect(provider.images.inspect(image.id, within())).rejects.toMatchObject({ code: 'not_found' });
  });

  when('commit')('a run that is gone cannot be made into an image', async () => {
    const { provider, create } = world();
    const run = await create();
    await provider.destroy(run, within());
    await expect(commit(run)).rejects.toMatchObject({ code: 'not_found' });
  });

  when('update', 'stats').for(['created', 'running'] as const)('new limits hold for a %s run', async (phase) => {
    const { provider, create, until } = world();
    const run = await create();
    if (phase === 'running') await provider.start(run, within());
    await provider.update(run, { memoryMiB: 96, cpus: 0.5, pids: 40 }, within());
    await provider.update(run, { memoryMiB: 128, cpus: 0.5, pids: 40 }, within());
    await provider.update(run, { memoryMiB: 128, cpus: 0.5, pids: 40 }, within());
    if (phase === 'created') await provider.start(run, within());
    await until(run, 'running');
    for await (const { memoryLimitBytes } of provider.stats(run, within())) {
      expect(memoryLimitBytes).toBe(128 * 2 ** 20);
      break;
    }
  });

  when('kernel', 'update')(
    'limits that cannot be met are invalid, and those that the run is above of a conflict',
    async () => {
      const { provider, start, lines } = world();
      const run = await start({
        command: ['sh', '-c', 'x=$(head -c 20000000 /dev/zero | tr "\\0" x); echo full; sleep 60; echo $x'],
        spec: { resources: { memoryMiB: 256 } },
      });
      await waitFor(async () => (await lines(run)).includes('stdout: full'));
      await expect(provider.update(run, { cpus: 1000 }, within())).rejects.toMatchObject({ code: 'invalid' });
      await expect(provider.update(run, { memoryMiB: 8 }, within())).rejects.toMatchObject({ code: 'conflict' });
      await provider.destroy(run, within());
      await expect(provider.update(run, { pids: 9 }, within())).rejects.toMatchObject({ code: 'not_found' });
    },
  );
}
