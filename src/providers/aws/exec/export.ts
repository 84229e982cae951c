/**
 * The whole file system of a running container, without what is mounted in it. Some tars know no way to leave things out: the folders on
 * the way to a mount are written without what is in them, then everything else, as a tar each, and here these become one.
 */
import type { CallOptions } from '../../provider.ts';
import type { Site } from '../site.ts';
import { brokenOff, codes } from './codes.ts';
import type { ExecTarget } from './exec.ts';
import { openPacking } from './outgoing.ts';
import { type BlockReader, readBlocks } from './tar-blocks.ts';

/** `m`: mounts, octal escapes undone, a line each. `f`: folders without what is in them, `r`: the rest, both as words for eval. */
const script = [
  `command -v tar >/dev/null || exit ${codes.noTar}`,
  `w=$(printf "\\n_"); w=\${w%_}; m=$w; f=; r=`,
  'while read -r a p c; do m=$m$(printf "%b" "$p")$w; done </proc/mounts',
  `quote() { s=$1 o=; while :; do case $s in *\\'*) o=$o\${s%%\\'*}"'\\\\''"; s=\${s#*\\'};; *) break;; esac; done; o="'$o$s'"; }`,
  'set -- ""; while [ $# -gt 0 ]; do d=$1; shift',
  `for e in "$d"/* "$d"/.[!.]* "$d"/..?*; do [ -e "$e" ] || [ -L "$e" ] || continue; quote "\${e#/}"`,
  'case $m in *"$w$e$w"*) [ ! -d "$e" ] || f="$f $o";; *"$w$e/"*) f="$f $o"; set -- "$@" "$e";; *) r="$r $o";; esac',
  'done; done; cd /',
].join('\n');

const producer = [
  // That something changed while it was read is no news of what runs; one tar has a code for it.
  'pack() { tar -cf - "$@" || { c=$?; [ "$c" = 1 ] && tar --version 2>/dev/null | grep -q GNU || exit "$c"; }; }',
  '[ -z "$f" ] || eval "pack --no-recursion -- $f"; [ -z "$r" ] || eval "pack -- $r"; exit 0',
].join('\n');

/** Ends with an error when it breaks off. */
export async function readRoot(
  site: Site,
  target: ExecTarget,
  options: CallOptions,
): Promise<AsyncIterable<Uint8Array>> {
  return joined(await openPacking(site, target, { script, producer, path: '/' }, options));
}

const block = 512;
const padded = (size: number): number => Math.ceil(size / block) * block;

/** Entries pass as they are, attributes and devices with them. What ends a tar is left out but at the end. */
async function* joined(tars: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const blocks = readBlocks(tars);
  try {
    for (let header = await blocks.next(block); header; header = await blocks.next(block)) {
      if (header.every((byte) => byte === 0)) continue;
      yield header;
      yield* passed(blocks, padded(sizeOf(header)));
    }
    yield Buffer.alloc(2 * block);
  } finally {
    await blocks.close();
  }
}

async function* passed(blocks: BlockReader, bytes: number): AsyncGenerator<Uint8Array, void, void> {
  for (let left = bytes; left > 0; ) {
    const chunk = await blocks.some(left);
    if (!chunk) throw brokenOff();
    left -= chunk.length;
    yield chunk;
  }
}

/** Octal text, or, where its first bit is set, binary. Links have none, whatever stands there. */
function sizeOf(header: Buffer): number {
  if (/[12]/.test(String.fromCharCode(header[156] ?? 0))) return 0;
  if (((header[124] ?? 0) & 0x80) !== 0) return header.readUIntBE(130, 6);
  return Number.parseInt(header.toString('latin1', 124, 136).replace(/[\0 ]/g, '') || '0', 8);
}
