/** Files of a run: put, looked at, taken out, compared, exported, measured; before its first start, while it runs and after its end. */
import { expect } from 'vitest';
import type { CallOptions, PutOptions } from '../../src/providers/provider.ts';
import { inChunks, makeTar, readEntries, type TestEntry } from '../support/tar.ts';
import type { When } from './capabilities.ts';
import { type MadeRun, type RunWish, type World, within } from './harness.ts';

const putting = (more: Partial<PutOptions> = {}): PutOptions => ({
  ...within(),
  noOverwriteDirNonDir: false,
  copyUidGid: false,
  ...more,
});
const goDirectory = 2 ** 31;
const goSymlink = 2 ** 27;

export function fileCases(world: () => World, when: When): void {
  const put = async (run: MadeRun, path: string, entries: TestEntry[], options = putting()) =>
    world().provider.archive.put(run, path, inChunks(makeTar(entries)), options);
  const get = async (run: MadeRun, path: string, options: CallOptions = within()) => {
    const answer = await world().provider.archive.get(run, path, options);
    return { stat: answer.stat, entries: await readEntries(answer.content) };
  };

  /** Where files are only those of what runs, it runs. */
  const make = (wish: RunWish = {}) => (world().lacks('files at rest') ? world().start(wish) : world().create(wish));

  when('archive').for(['created', 'running', 'exited'] as const)(
    'what was put into a %s run comes out again',
    async (phase) => {
      const { create, provider, until, lacks } = world();
      const run = await create({ command: phase === 'exited' ? ['sh', '-c', 'exit 0'] : ['sleep', '60'] });
      if (phase !== 'created') await provider.start(run, within());
      await until(run, phase);
      if (phase !== 'running' && lacks('files at rest')) {
        await expect(put(run, '/tmp', [{ path: 'box' }])).rejects.toMatchObject({ code: 'conflict' });
        await expect(get(run, '/tmp')).rejects.toMatchObject({ code: 'conflict' });
        return;
      }
      const modifiedAt = new Date('2020-02-03T04:05:06Z');
      await put(run, '/tmp', [
        { path: 'box' },
        { path: 'box/note', text: 'hello', mode: 0o640, uid: 7, gid: 8, modifiedAt },
        { path: 'box/link', kind: 'symlink', linkTarget: 'note' },
      ]);
      const { stat, entries } = await get(run, '/tmp/box');
      expect(stat).toMatchObject({ name: 'box', mode: goDirectory + 0o755, linkTarget: '' });
      expect(Object.keys(entries).sort()).toEqual(['box', 'box/link', 'box/note']);
      expect(entries['box/note']).toMatchObject({ text: 'hello', mode: 0o640, uid: 7, gid: 8, modifiedAt });
      expect(entries['box/link']).toMatchObject({ kind: 'symlink', linkTarget: 'note' });
      expect((await get(run, 'tmp/box/note')).entries.note).toMatchObject({ text: 'hello' });
    },
  );

  when('archive')('a path is looked at without following its last link', async () => {
    const { provider } = world();
    const run = await make();
    await put(run, '/tmp', [
      { path: 'note', text: 'hello', mode: 0o600 },
      { path: 'link', kind: 'symlink', linkTarget: '/tmp/note' },
    ]);
    const look = (path: string) => provider.archive.stat(run, path, within());
    expect(await look('/tmp/note')).toMatchObject({ name: 'note', sizeBytes: 5, mode: 0o600, linkTarget: '' });
    const link = await look('/tmp/link');
    expect(link).toMatchObject({ name: 'link', linkTarget: '/tmp/note' });
    expect((link?.mode ?? 0) >= goSymlink).toBe(true);
    expect(await look('/')).toMatchObject({ name: '/' });
  });

  when('archive')('what is not there is not_found, path and run apart', async () => {
    const { provider } = world();
    const run = await make();
    const gone = { code: 'not_found', details: { path: '/no/such' } };
    await expect(provider.archive.stat(run, '/no/such', within())).rejects.toMatchObject(gone);
    await expect(provider.archive.get(run, '/no/such', within())).rejects.toMatchObject(gone);
    await expect(put(run, '/no/such', [])).rejects.toMatchObject(gone);
    await provider.destroy(run, within());
    for (const call of [
      () => provider.archive.stat(run, '/tmp', within()),
      () => provider.archive.get(run, '/tmp', within()),
      () => put(run, '/tmp', []),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'not_found', details: {} });
    }
  });

  when('changes', 'sizes')('a run that is gone has neither changes nor sizes', async () => {
    const { provider, create } = world();
    const run = await create();
    await provider.destroy(run, within());
    await expect(provider.changes(run, within())).rejects.toMatchObject({ code: 'not_found' });
    await expect(provider.sizes(run, within())).rejects.toMatchObject({ code: 'not_found' });
  });

  when('export')('a run that is gone cannot be exported', async () => {
    const { provider, create } = world();
    const run = await create();
    await provider.destroy(run, within());
    await expect(provider.export(run, within())).rejects.toMatchObject({ code: 'not_found' });
  });

  when('archive')('a file where a directory is needed, and what is no tar, is invalid', async () => {
    const { provider } = world();
    const run = await make();
    await put(run, '/tmp', [{ path: 'note', text: 'hello' }]);
    await expect(put(run, '/tmp/note', [{ path: 'x' }])).rejects.toMatchObject({ code: 'invalid' });
    await expect(provider.archive.stat(run, '/tmp/note/x', within())).rejects.toMatchObject({ code: 'invalid' });
    for (const data of [
      Buffer.alloc(5000, 'x'),
      makeTar([{ path: 'cut', text: 'x'.repeat(2000) }]).subarray(0, 1500),
    ]) {
      const call = provider.archive.put(run, '/tmp', inChunks(data), putting());
      await expect(call).rejects.toMatchObject({ code: 'invalid' });
    }
  });

  when('archive')('directories and what is none replace each other unless that is refused', async () => {
    const run = await make();
    await put(run, '/tmp', [{ path: 'folder' }, { path: 'file', text: '1' }]);
    const kept = putting({ noOverwriteDirNonDir: true });
    await expect(put(run, '/tmp', [{ path: 'folder', text: '' }], kept)).rejects.toMatchObject({ code: 'invalid' });
    await expect(put(run, '/tmp', [{ path: 'file' }], kept)).rejects.toMatchObject({ code: 'invalid' });
    await put(run, '/tmp', [{ path: 'folder', text: 'x' }, { path: 'file' }]);
    expect((await get(run, '/tmp/folder')).entries.folder).toMatchObject({ kind: 'file', text: 'x' });
    expect((await get(run, '/tmp/file')).entries.file).toMatchObject({ kind: 'directory' });
  });

  when('archive')('a read-only root takes nothing', async () => {
    const run = await make({ spec: { readonlyRoot: true } });
    await expect(put(run, '/tmp', [{ path: 'x' }])).rejects.toMatchObject({ code: 'forbidden' });
  });

  /** Seen from inside, the root of the first process is the run's own. */
  const leadsNowhere = async (run: MadeRun, path: string) => {
    if (!world().lacks('files at rest')) {
      await expect(get(run, path)).rejects.toMatchObject({ code: 'not_found' });
      return;
    }
    await put(run, '/etc', [{ path: 'passwd', text: 'root:x:0:0:of the run:/:/bin/sh\n' }]);
    expect(Object.values((await get(run, path)).entries)).toMatchObject([
      { text: expect.stringContaining('of the run') },
    ]);
  };

  when('archive')('neither a link nor .. leads out of the run', async () => {
    const run = await make();
    await put(run, '/tmp', [
      { path: 'up', kind: 'symlink', linkTarget: '/etc' },
      { path: 'far', kind: 'symlink', linkTarget: '/proc/1/root' },
    ]);
    // Some providers refuse a link that climbs; others keep it inside.
    const climbing: TestEntry = { path: 'climb', kind: 'symlink', linkTarget: '../../../../../../proc/1/root' };
    await put(run, '/tmp', [climbing]).catch((error) => expect(error).toMatchObject({ code: 'invalid' }));
    await leadsNowhere(run, '/tmp/climb/etc/passwd');
    await put(run, '/tmp/up', [{ path: 'through-link', text: 'in the run' }]);
    await put(run, '/../../../../../tmp', [{ path: 'through-dots', text: 'in the run' }]);
    await put(run, '/tmp', [{ path: 'up/beneath-link', text: 'in the run' }]);
    for (const path of [
      '/etc/through-link',
      '/tmp/through-dots',
      '/etc/beneath-link',
      '/tmp/up/../../etc/through-link',
    ]) {
      const [entry] = Object.values((await get(run, path)).entries);
      expect([path, entry?.text]).toEqual([path, 'in the run']);
    }
    await leadsNowhere(run, '/tmp/far/etc/passwd');
  });

  when('changes', 'archive')('changes are those against the image, folders on the way included', async () => {
    const { provider } = world();
    const run = await make();
    expect(await provider.changes(run, within())).toEqual([]);
    await put(run, '/tmp', [{ path: 'box' }, { path: 'box/note', text: 'hello' }]);
    expect(await provider.changes(run, within())).toEqual([
      { path: '/tmp', kind: 'modified' },
      { path: '/tmp/box', kind: 'added' },
      { path: '/tmp/box/note', kind: 'added' },
    ]);
  });

  when('export')('an export holds the files of the image and those of the run', async () => {
    const { provider } = world();
    const run = await make();
    await put(run, '/tmp', [{ path: 'note', text: 'hello' }]);
    const entries = await readEntries(await provider.export(run, within(60)));
    expect(entries['tmp/note']).toMatchObject({ text: 'hello' });
    expect(entries.etc).toMatchObject({ kind: 'directory' });
  });

  when('sizes')('sizes count what was written on top of the image', async () => {
    const { provider } = world();
    const run = await make();
    const before = await provider.sizes(run, within());
    expect(before.writableBytes).toBe(0);
    expect(before.rootBytes).toBeGreaterThan(0);
    await put(run, '/tmp', [{ path: 'big', text: 'x'.repeat(100_000) }]);
    const after = await provider.sizes(run, within());
    expect(after.writableBytes).toBeGreaterThanOrEqual(100_000);
    expect(after.rootBytes).toBeGreaterThanOrEqual(before.rootBytes + 100_000);
  });

  when('kernel', 'archive')('a call that is cancelled breaks its content off with an error', async () => {
    const { provider } = world();
    const run = await make();
    const stop = new AbortController();
    const endless = (async function* () {
      yield makeTar([{ path: 'big', text: 'x' }]).subarray(0, 512);
      stop.abort();
      for (;;) yield Buffer.alloc(65_536);
    })();
    const call = provider.archive.put(run, '/tmp', endless, putting({ signal: stop.signal }));
    await expect(call).rejects.toMatchObject({ code: 'timeout' });
  });
}
