/**
 * Notices between the bytes that a command writes: a mark that nobody can guess, a letter, a text, a semicolon. G: it begins, E:
 * something on its standard error, D: it ended and needs no more input, X: its exit code, R: why it cannot run. Pure.
 */

export type NoticeKind = 'G' | 'E' | 'D' | 'X' | 'R';
export type Part = { output: Buffer } | { kind: NoticeKind; text: string };

const end = ';'.charCodeAt(0);
/** Of one notice. More without an end is no notice. */
const maxBytes = 4096;

export class NoticeReader {
  readonly #mark: Buffer;
  #rest: Buffer = Buffer.alloc(0);

  constructor(mark: string) {
    this.#mark = Buffer.from(mark);
  }

  /** What these bytes complete, in their order. */
  read(chunk: Buffer): Part[] {
    const parts: Part[] = [];
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const at = bytes.indexOf(this.#mark);
      const plain = at < 0 ? bytes.length - this.#begun(bytes) : at;
      if (plain > 0) parts.push({ output: bytes.subarray(0, plain) });
      bytes = bytes.subarray(plain);
      if (at < 0) break;
      const stop = bytes.indexOf(end, this.#mark.length);
      if (stop < 0 && bytes.length < maxBytes) break;
      const words = bytes.toString('utf8', this.#mark.length, Math.max(stop, this.#mark.length));
      const kind = words.charAt(0);
      if (stop >= 0 && isKind(kind)) parts.push({ kind, text: words.slice(1) });
      else parts.push({ output: this.#mark });
      bytes = bytes.subarray(stop >= 0 && isKind(kind) ? stop + 1 : this.#mark.length);
    }
    this.#rest = Buffer.from(bytes);
    return parts;
  }

  /** What was taken for the beginning of a notice, when nothing more comes. */
  left(): Buffer {
    return this.#rest;
  }

  /** How many of the last bytes could begin a mark. */
  #begun(bytes: Buffer): number {
    for (let length = Math.min(this.#mark.length - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.#mark.subarray(0, length))) return length;
    }
    return 0;
  }
}

const isKind = (text: string): text is NoticeKind => /^[GEDXR]$/.test(text);
