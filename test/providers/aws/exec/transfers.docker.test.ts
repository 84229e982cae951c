/** Large files of a task's container: the head by the session, the rest through the bucket. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readFiles } from '../../../../src/providers/aws/exec/archive.ts';
import type { ExecTarget } from '../../../../src/providers/aws/exec/exec.ts';
import { readRoot } from '../../../../src/providers/aws/exec/export.ts';
import { runScript } from '../../../../src/providers/aws/exec/one-shot.ts';
import { writeFiles } from '../../../../src/providers/aws/exec/unpack.ts';
import { inChunks, readEntries } from '../../../support/tar.ts';
import { waitFor } from '../../../support/wait-for.ts';
import {
  digest,
  MiB,
  putting,
  randomText,
  startTransferBench,
  type TransferBench,
  tarOf,
  within,
} from './transfer-bench.ts';

let bench: TransferBench;
let target: ExecTarget;

beforeAll(async () => {
  bench = await startTransferBench();
  target = await bench.targetWith('curl');
}, 120_000);
afterEach(() => {
  expect(bench.objects()).toEqual([]);
  expect(JSON.stringify(bench.site.told)).not.toContain('X-Amz-');
  expect({ failures: bench.fake.failures, violations: bench.fake.violations }).toEqual({
    failures: [],
    violations: [],
  });
});
afterAll(() => bench.fake.close());

const inside = async (script: string, where = target) => {
  const { stdout, stderr } = await runScript(bench.site, where, { script }, within());
  return stdout.toString().trim() + stderr;
};
const put = (path: string, text: string, where = target) =>
  writeFiles(bench.site, where, '/tmp', inChunks(tarOf(path, text), 60_000), { ...within(), ...putting });

test('forty megabytes go in and out and are exported, bit by bit, and leave nothing in the bucket', async () => {
  const text = randomText(40 * MiB);
  // A trial, then what is beyond ten of forty MiB in pieces of eight.
  expect(await bench.counting(() => put('big', text))).toEqual({
    's3:PutObject': 1 + 4,
    's3:GetObject': 1 + 4,
    's3:DeleteObject': 1 + 4,
  });
  expect(await inside('sha256sum </tmp/big')).toBe(`${digest(text)}  -`);
  const out = await bench.counting(async () => {
    const entries = await readEntries(await readFiles(bench.site, target, '/tmp/big', within()));
    expect(digest(entries.big?.text ?? '')).toBe(digest(text));
  });
  expect(out).toEqual({ 's3:PutObject': 1 + 4, 's3:GetObject': 4, 's3:DeleteObject': 1 + 4 });
  const exported = await bench.counting(async () => {
    const entries = await readEntries(await readRoot(bench.site, target, within()));
    expect(digest(entries['tmp/big']?.text ?? '')).toBe(digest(text));
    expect(entries['etc/passwd']).toMatchObject({ kind: 'file' });
  });
  expect(exported['s3:GetObject']).toBeGreaterThanOrEqual(4);
  await inside('rm /tmp/big');
}, 300_000);

test('what fits into the head never touches the bucket', async () => {
  const text = randomText(9 * MiB);
  const calls = await bench.counting(async () => {
    await put('small', text);
    const entries = await readEntries(await readFiles(bench.site, target, '/tmp/small', within()));
    expect(digest(entries.small?.text ?? '')).toBe(digest(text));
  });
  expect(calls).toEqual({});
  await inside('rm /tmp/small');
}, 180_000);

test('a client that hangs up half-way leaves no object', async () => {
  await inside('dd if=/dev/urandom of=/tmp/big bs=1048576 count=40 2>/dev/null');
  for (const open of [
    () => readFiles(bench.site, target, '/tmp/big', within()),
    () => readRoot(bench.site, target, within()),
  ]) {
    let bytes = 0;
    for await (const chunk of await open()) {
      bytes += chunk.length;
      if (bytes > 14 * MiB) break;
    }
    expect(bytes).toBeGreaterThan(14 * MiB);
    await waitFor(() => bench.objects().length === 0, { timeoutMs: 10_000 });
  }
  await inside('rm /tmp/big');
}, 180_000);

test('an upload that breaks off half-way fails with the reason of its source, and leaves no object', async () => {
  const bytes = tarOf('half', randomText(40 * MiB));
  async function* half() {
    yield* inChunks(bytes.subarray(0, 25 * MiB), 60_000);
    throw new Error('the client is gone');
  }
  const putHalf = writeFiles(bench.site, target, '/tmp', half(), { ...within(), ...putting });
  await expect(putHalf).rejects.toThrow('the client is gone');
  await inside('rm -f /tmp/half');
}, 180_000);

test('a tar that cannot be unpacked is an error, wherever the tar finds it', async () => {
  const broken = Buffer.concat([tarOf('good', randomText(12 * MiB)).subarray(0, -1024), Buffer.alloc(20 * MiB, 'x')]);
  const putBroken = writeFiles(bench.site, target, '/tmp', inChunks(broken, 60_000), { ...within(), ...putting });
  await expect(putBroken).rejects.toMatchObject({ code: 'invalid' });
  await inside('rm -f /tmp/good');
}, 180_000);

test('a producer that is killed half-way ends what is read with an error', async () => {
  await inside('dd if=/dev/urandom of=/tmp/big bs=1048576 count=40 2>/dev/null');
  const read = async () => {
    let bytes = 0;
    for await (const chunk of await readFiles(bench.site, target, '/tmp/big', within())) {
      if (bytes <= 20 * MiB && bytes + chunk.length > 20 * MiB) await inside('killall -9 tar');
      bytes += chunk.length;
    }
  };
  await expect(read()).rejects.toMatchObject({ code: 'unavailable' });
  await inside('rm /tmp/big');
}, 180_000);

test('without curl everything goes by the session, and GNU wget does for the way in', async () => {
  const text = randomText(12 * MiB);
  // A shell of busybox knows no other wget than its own.
  const [plain, wget] = [await bench.plainTarget(), await bench.targetWith('wget', ['/bin/sh', '/bin/tar', '/bin/dd'])];
  const trip = (where: ExecTarget) => async () => {
    await put('big', text, where);
    const entries = await readEntries(await readFiles(bench.site, where, '/tmp/big', within()));
    expect(digest(entries.big?.text ?? '')).toBe(digest(text));
  };
  expect(await bench.counting(trip(plain))).toEqual({});
  expect(await bench.counting(trip(wget))).toEqual({ 's3:PutObject': 2, 's3:GetObject': 2, 's3:DeleteObject': 2 });
}, 300_000);

/** Another `curl` in the container, which knows the true one as `$c`. */
async function withCurl(script: string, call: () => Promise<unknown>): Promise<void> {
  await inside('mv /usr/bin/curl /usr/bin/true-curl; head -c 41943040 /dev/urandom >/tmp/big');
  const lines = ['#!/bin/sh', 'c=/usr/bin/true-curl', script].join('\\n');
  await inside(`printf '${lines}\\n' >/usr/bin/curl; chmod +x /usr/bin/curl`);
  await call();
  await inside('mv /usr/bin/true-curl /usr/bin/curl; rm -f /tmp/big /tmp/in');
}
const reading = async () => {
  let bytes = 0;
  for await (const chunk of await readFiles(bench.site, target, '/tmp/big', within())) bytes += chunk.length;
  return bytes;
};

test('a container without a way to S3 gets and gives everything by the session', async () => {
  await withCurl('exit 7', async () => {
    const text = randomText(12 * MiB);
    const calls = await bench.counting(async () => {
      await put('in', text);
      const entries = await readEntries(await readFiles(bench.site, target, '/tmp/in', within()));
      expect(digest(entries.in?.text ?? '')).toBe(digest(text));
    });
    expect(calls).toEqual({ 's3:PutObject': 1, 's3:DeleteObject': 2 });
  });
}, 180_000);

test('what a tar leaves unread of the head is taken for no URL', async () => {
  await withCurl('echo >>/tmp/calls; exec $c "$@"', async () => {
    const urls = Buffer.from('http://127.0.0.1:9/from-a-file\n'.padStart(64, '\n').repeat((12 * MiB) / 64));
    const broken = Buffer.concat([Buffer.alloc(512, 'x'), urls]);
    const putBroken = writeFiles(bench.site, target, '/tmp', inChunks(broken, 60_000), { ...within(), ...putting });
    await expect(putBroken).rejects.toMatchObject({ code: 'invalid' });
    // The trial's, and no other.
    expect(await inside('wc -l </tmp/calls; rm /tmp/calls')).toBe('1');
  });
}, 180_000);

test('a container that says it has put what it has not is not believed', async () => {
  await withCurl('cat >/dev/null', async () => {
    await expect(reading()).rejects.toMatchObject({ code: 'unavailable' });
  });
}, 180_000);

test('a container can put no more than a piece with its URL', async () => {
  await withCurl('case "$*" in *PUT*) { cat; echo more; } | $c "$@"; exit 0;; esac; exec $c "$@"', async () => {
    const calls = await bench.counting(() => expect(reading()).rejects.toMatchObject({ code: 'unavailable' }));
    expect(calls['s3:PutObject']).toBeUndefined();
    const refused = bench.fake.calls.filter(({ error }) => error === 'SignatureDoesNotMatch');
    expect(refused.map(({ action }) => action)).toEqual(['s3:PutObject', 's3:PutObject']);
  });
}, 180_000);

test('a container that answers without end gets an error, and none of its lines are kept', async () => {
  const endless = (line: string) => `cat >/dev/null; while :; do echo ${line}; done >/proc/$PPID/fd/3`;
  for (const line of ['more', 'x'.repeat(500), 'put 99999999']) {
    await withCurl(endless(line), () => expect(reading()).rejects.toMatchObject({ code: 'unavailable' }));
  }
  // What it gets is the trial; what it says is what `got` is written to.
  await withCurl(
    'case $(cat) in *trial*) echo longshore;; *) while :; do echo got; done >/proc/$PPID/fd/3;; esac',
    () => expect(put('in', randomText(40 * MiB))).rejects.toMatchObject({ code: 'unavailable' }),
  );
}, 300_000);

test('a piece that is not read to its end is an error, not a shorter file', async () => {
  await withCurl('case $(cat) in *trial*) echo longshore;; *) exit 18;; esac', () =>
    expect(put('in', randomText(40 * MiB))).rejects.toMatchObject({ code: 'unavailable' }),
  );
}, 180_000);
