/** Files of a task's container, in and out as tars. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFiles, statPath } from '../../../../src/providers/aws/exec/archive.ts';
import type { ExecTarget } from '../../../../src/providers/aws/exec/exec.ts';
import { readRoot } from '../../../../src/providers/aws/exec/export.ts';
import { writeFiles } from '../../../../src/providers/aws/exec/unpack.ts';
import { type EngineBench, region, startEngineBench } from '../../../aws-fake/runtime/engine-bench.ts';
import { inChunks, makeTar, readEntries } from '../../../support/tar.ts';
import { awsSite, type TestSite } from '../aws-site.ts';
import { startTarget } from './exec-bench.ts';

let bench: EngineBench;
let site: TestSite;
let target: ExecTarget;

beforeAll(async () => {
  bench = await startEngineBench();
  site = awsSite(bench.fake, region);
  target = await startTarget(bench, { command: ['sleep', '3600'], user: 'nobody' });
});
afterAll(async () => {
  expect({ failures: bench.fake.failures, violations: bench.fake.violations }).toEqual({
    failures: [],
    violations: [],
  });
  await bench.fake.close();
});

const within = (seconds = 60) => ({ signal: AbortSignal.timeout(seconds * 1000) });
const putting = (noOverwriteDirNonDir = false) => ({ ...within(), noOverwriteDirNonDir, copyUidGid: false });

test('what is put in comes out again, owners, modes, times and links with it', async () => {
  const modifiedAt = new Date('2020-02-03T04:05:06Z');
  const text = randomBytes(200_000).toString('base64');
  const tar = makeTar([
    { path: 'box' },
    { path: 'box/note', text, mode: 0o640, uid: 7, gid: 8, modifiedAt },
    { path: 'box/link', kind: 'symlink', linkTarget: 'note' },
  ]);
  await writeFiles(site, target, '/tmp', inChunks(tar, 10_000), putting());
  const entries = await readEntries(await readFiles(site, target, 'tmp/box', within()));
  expect(Object.keys(entries).sort()).toEqual(['box', 'box/link', 'box/note']);
  expect(entries['box/note']).toMatchObject({ mode: 0o640, uid: 7, gid: 8, modifiedAt });
  const digest = (data = '') => createHash('sha256').update(data).digest('hex');
  expect(digest(entries['box/note']?.text)).toBe(digest(text));
  expect(await statPath(site, target, '/tmp/box/note', within())).toMatchObject({
    ...{ name: 'note', sizeBytes: text.length, mode: 0o640, modifiedAt, linkTarget: '' },
  });
  const link = { name: 'link', linkTarget: 'note' };
  expect(await statPath(site, target, '/tmp/box/link', within())).toMatchObject(link);
  expect(await statPath(site, target, '/', within())).toMatchObject({ name: '/' });
});

test('a path that is not there, a file in place of a folder and what is no tar are told apart', async () => {
  await writeFiles(site, target, '/tmp', inChunks(makeTar([{ path: 'file', text: 'x' }])), putting());
  await expect(statPath(site, target, '/no/such', within())).rejects.toMatchObject({
    ...{ code: 'not_found', details: { path: '/no/such' } },
  });
  await expect(statPath(site, target, '/tmp/file/x', within())).rejects.toMatchObject({ code: 'invalid' });
  const tar = () => inChunks(makeTar([{ path: 'x' }]));
  await expect(writeFiles(site, target, '/tmp/file', tar(), putting())).rejects.toMatchObject({ code: 'invalid' });
  const noTar = inChunks(Buffer.alloc(5000, 'x'));
  await expect(writeFiles(site, target, '/tmp', noTar, putting())).rejects.toMatchObject({ code: 'invalid' });
});

test('an export is one tar of everything but what is mounted, with long names and links as they are', async () => {
  const long = `${'long-name-'.repeat(15)}/${'x'.repeat(90)}`;
  await writeFiles(
    ...([
      site,
      target,
      '/tmp',
      inChunks(
        makeTar([
          { path: long.split('/')[0] ?? '' },
          { path: long, text: 'long' },
          { path: 'plain', text: 'plain' },
          { path: 'hard', kind: 'hardlink', linkTarget: 'plain' },
          { path: 'soft', kind: 'symlink', linkTarget: './plain' },
          { path: 'proc' },
          { path: 'proc/kept', text: 'kept' },
          { path: "it's", text: 'quoted' },
        ]),
      ),
      putting(),
    ] as const),
  );
  const entries = await readEntries(await readRoot(site, target, within()));
  expect(Object.keys(entries).filter((path) => path.startsWith('./'))).toEqual([]);
  expect(entries['etc/passwd']).toMatchObject({ kind: 'file' });
  expect(Object.keys(entries).filter((path) => path.startsWith('proc/'))).toEqual([]);
  expect(entries[`tmp/${long}`]).toMatchObject({ text: 'long' });
  expect(entries['tmp/proc/kept']).toMatchObject({ text: 'kept' });
  expect(entries['tmp/soft']).toMatchObject({ kind: 'symlink', linkTarget: './plain' });
  const [hard, plain] = [entries['tmp/hard'], entries['tmp/plain']];
  expect([hard?.kind, plain?.kind].sort()).toEqual(['file', 'hardlink']);
  expect([hard?.linkTarget, plain?.linkTarget].join('')).toMatch(/^tmp\/(?:hard|plain)$/);
  expect(entries.proc).toMatchObject({ kind: 'directory' });
  expect(entries["tmp/it's"]).toMatchObject({ text: 'quoted' });
});

test('twelve megabytes go in and come out bit by bit, beyond what is looked at ahead', async () => {
  const text = randomBytes(9 * 1024 * 1024).toString('base64');
  const tar = makeTar([
    { path: 'big', text },
    { path: 'last', text: 'last' },
  ]);
  await writeFiles(site, target, '/tmp', inChunks(tar, 60_000), putting(true));
  const entries = await readEntries(await readFiles(site, target, '/tmp/big', within(120)));
  const digest = (data = '') => createHash('sha256').update(data).digest('hex');
  expect(digest(entries.big?.text)).toBe(digest(text));
  expect((await readEntries(await readFiles(site, target, '/tmp/last', within()))).last).toMatchObject({
    text: 'last',
  });
}, 180_000);
