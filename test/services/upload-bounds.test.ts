/** Uploads that are small on their way and large behind it. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { tarEnd, tarHeader } from '../../src/domain/tar.ts';
import { packTar, plainFile, wholeFile } from '../../src/services/archive-stream.ts';
import { openContext } from '../../src/services/build-context.ts';
import { unpackImages } from '../../src/services/image-archive.ts';
import { openSpool } from '../../src/services/spool.ts';

const MiB = 1024 * 1024;

test('what an archive of images unpacks to is bounded, also where nothing of it is kept', async () => {
  await using spool = await openSpool(MiB);
  const header = Buffer.from(tarHeader({ ...plainFile('kept-by-nobody', 64 * MiB) }));
  const directory = asDirectory(header);
  const zeros = Buffer.alloc(MiB);
  let unpacked = 0;
  async function* upload() {
    yield gzipSync(directory);
    for (; unpacked < 64; unpacked += 1) yield gzipSync(zeros);
    yield gzipSync(tarEnd());
  }
  await expect(unpackImages(spool, upload())).rejects.toMatchObject({ code: 'too_large' });
  expect(unpacked).toBeLessThan(64);
});

/** The same header, of a directory that has a content nevertheless. */
function asDirectory(header: Buffer): Buffer {
  header[156] = '5'.charCodeAt(0);
  const sum = Number.parseInt(header.toString('latin1', 148, 154), 8) + 5;
  header.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
  return header;
}

test('a Dockerfile and a .dockerignore that would take long to be matched are refused', async () => {
  const open = async (path: string, ignore: string) => {
    await using spool = await openSpool(16 * MiB);
    const files = [wholeFile(path, Buffer.from('FROM base')), wholeFile('.dockerignore', Buffer.from(ignore))];
    await openContext(spool, packTar(files), path);
  };
  await expect(open('a'.repeat(8000), '*a')).rejects.toThrow('at most 255 characters');
  await expect(open('Dockerfile', '*a'.repeat(100_000))).rejects.toThrow('longer than 64 KiB');
  await open('a'.repeat(255), '*a'.repeat(1000));
});
