import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTar } from '../../src/domain/tar.ts';
import { inChunks, makeTar, readEntries } from '../support/tar.ts';

const long = `${'folder/'.repeat(30)}end`;

async function list(format: 'ustar' | 'pax' | 'gnu', paths: string[]): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'longshore-tar-'));
  try {
    mkdirSync(join(root, long, '..'), { recursive: true });
    writeFileSync(join(root, long), 'far away');
    writeFileSync(join(root, 'ä note'), 'x'.repeat(1025));
    symlinkSync('x'.repeat(150), join(root, 'link'));
    const { stdout } = spawn('tar', [`--format=${format}`, '-C', root, '-c', ...paths]);
    const found = await readEntries(stdout);
    return Object.entries(found).map(
      ([path, { kind, text, linkTarget }]) => `${kind} ${path} ${text.length}${linkTarget}`,
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

describe('a tar', () => {
  it.each(['pax', 'gnu'] as const)('of tar itself in the format %s is read', async (format) => {
    expect(await list(format, [long, 'ä note', 'link'])).toEqual([
      `file ${long} 8`,
      'file ä note 1025',
      `symlink link 0${'x'.repeat(150)}`,
    ]);
  });

  it('of tar itself in the format ustar is read', async () => {
    expect(await list('ustar', [long])).toEqual([`file ${long} 8`]);
  });

  it('of ours is read by tar, and by us', async () => {
    const entries = [
      { path: 'a', mode: 0o700 },
      { path: 'a/b', text: 'hello', uid: 7, gid: 8 },
      { path: long, text: 'far away' },
      { path: 'link', kind: 'symlink' as const, linkTarget: 'y'.repeat(150) },
    ];
    const tar = makeTar(entries);
    const child = spawn('tar', ['-tv', '--numeric-owner'], { env: { ...process.env, TZ: 'UTC' } });
    child.stdin.end(tar);
    let listed = '';
    for await (const chunk of child.stdout) listed += chunk;
    expect(listed).toContain('drwx------ 0/0');
    expect(listed).toMatch(/-rw-r--r-- 7\/8 +5 2026-01-02 03:04 a\/b/);
    expect(listed).toContain(long);
    expect(listed).toContain(`link -> ${'y'.repeat(150)}`);
    for (const size of [1, 7, 512, 100_000]) {
      expect(await readEntries(inChunks(tar, size))).toMatchObject({ [long]: { text: 'far away' } });
    }
  });

  it('need not be read whole: what is left of an entry is skipped', async () => {
    const paths: string[] = [];
    for await (const { entry } of readTar(inChunks(makeTar([{ path: 'a', text: 'x'.repeat(9999) }, { path: 'b' }])))) {
      paths.push(entry.path);
    }
    expect(paths).toEqual(['a', 'b']);
  });

  it.each([
    ['that is none', Buffer.alloc(2000, 'x')],
    ['that is cut off in a file', makeTar([{ path: 'a', text: 'x'.repeat(2000) }]).subarray(0, 1000)],
    ['that is cut off in a header', makeTar([{ path: 'a' }]).subarray(0, 100)],
    ['with a changed header', Buffer.from(makeTar([{ path: 'a' }]).map((byte, at) => (at === 0 ? byte + 1 : byte)))],
  ])('%s is refused', async (_, data) => {
    await expect(readEntries(inChunks(data))).rejects.toMatchObject({ code: 'invalid' });
  });

  it('may be empty', async () => {
    expect(await readEntries(inChunks(makeTar([])))).toEqual({});
    expect(await readEntries(inChunks(Buffer.alloc(0)))).toEqual({});
  });
});
