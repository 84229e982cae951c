/** Tars for tests, made and taken apart in memory. */
import { readTar, type TarEntry, tarEnd, tarHeader, tarPadding } from '../../src/domain/tar.ts';

export interface TestEntry extends Partial<Omit<TarEntry, 'sizeBytes'>> {
  path: string;
  /** Makes it a file; without, it is a directory unless its kind says otherwise. */
  text?: string;
}

export function makeTar(entries: TestEntry[]): Buffer {
  const parts = entries.flatMap(({ text, ...entry }) => {
    const data = Buffer.from(text ?? '');
    const kind = entry.kind ?? (text === undefined ? 'directory' : 'file');
    const usual = { mode: kind === 'directory' ? 0o755 : 0o644, uid: 0, gid: 0, linkTarget: '' };
    const modifiedAt = new Date('2026-01-02T03:04:05Z');
    return [tarHeader({ ...usual, modifiedAt, ...entry, kind, sizeBytes: data.length }), data, tarPadding(data.length)];
  });
  return Buffer.concat([...parts, tarEnd()]);
}

export async function* inChunks(data: Uint8Array, size = 1000): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

/** Every entry by its path, files as text. */
export async function readEntries(
  source: AsyncIterable<Uint8Array>,
): Promise<Record<string, TarEntry & { text: string }>> {
  const found: Record<string, TarEntry & { text: string }> = {};
  for await (const { entry, content } of readTar(source)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(Uint8Array.from(chunk));
    found[entry.path] = { ...entry, text: Buffer.concat(chunks).toString() };
  }
  return found;
}
