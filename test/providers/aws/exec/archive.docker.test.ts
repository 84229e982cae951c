/** Files of a task's container, in and out as tars. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFiles, statPath, writeFiles } from '../../../../src/providers/aws/exec/archive.ts';
import type { ExecTarget } from '../../../../src/providers/aws/exec/exec.ts';
import { type EngineBench, region, startEngineBench } from '../../../aws-fake/runtime/engine-bench.ts';
import { inChunks, makeTar, readEntries } from '../../../support/tar.ts';
import { awsSite, type TestSite } from '../aws-site.ts';

let bench: EngineBench;
let site: TestSite;
let target: ExecTarget;

beforeAll(async () => {
  bench = await startEngineBench();
  site = awsSite(bench.fake, region);
  const definition = await bench.register({ command: ['sleep', '3600'], user: 'nobody', stopTimeout: 0 });
  const taskArn = await bench.run(definition, { enableExecuteCommand: true });
  await bench.reach(taskArn, 'RUNNING');
  target = { cluster: 'default', taskArn, container: 'main', tenantId: 'ann', user: 'nobody', workdir: '' };
});
afterAll(async () => {
  expect({ failures: bench.fake.failures, violations: bench.fake.violations }).toEqual({
    failures: [],
    violations: [],
  });
  await bench.fake.close();
});

const within = (seconds = 60) => ({ signal: AbortSignal.timeout(seconds * 1000) });

test('what is put in comes out again, owners, modes, times and links with it', async () => {
  const modifiedAt = new Date('2020-02-03T04:05:06Z');
  const text = randomBytes(200_000).toString('base64');
  const tar = makeTar([
    { path: 'box' },
    { path: 'box/note', text, mode: 0o640, uid: 7, gid: 8, modifiedAt },
    { path: 'box/link', kind: 'symlink', linkTarget: 'note' },
  ]);
  await writeFiles(site, target, '/tmp', inChunks(tar, 10_000), within());
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
  await writeFiles(site, target, '/tmp', inChunks(makeTar([{ path: 'file', text: 'x' }])), within());
  await expect(statPath(site, target, '/no/such', within())).rejects.toMatchObject({
    ...{ code: 'not_found', details: { path: '/no/such' } },
  });
  await expect(statPath(site, target, '/tmp/file/x', within())).rejects.toMatchObject({ code: 'invalid' });
  const tar = () => inChunks(makeTar([{ path: 'x' }]));
  await expect(writeFiles(site, target, '/tmp/file', tar(), within())).rejects.toMatchObject({ code: 'invalid' });
  const noTar = inChunks(Buffer.alloc(5000, 'x'));
  await expect(writeFiles(site, target, '/tmp', noTar, within())).rejects.toMatchObject({ code: 'invalid' });
});
