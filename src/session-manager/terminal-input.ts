/**
 * Bytes as they are typed at a terminal that has lines switched on and everything else off, so that they arrive as they are and
 * their end can be told: ^D hands over what was typed, and with nothing typed it is the end. Pure.
 * https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap11.html#tag_11_01_09
 */

const eof = 0x04;
/** Takes its meaning from the next character. */
const literal = 0x16;
const newline = 0x0a;

/** The most that the agent takes in one message. */
const pieceBytes = 1024;

/** Pieces that are complete in themselves: no line of the terminal is ever longer than one of them. */
export function* typed(data: Uint8Array): Generator<Buffer, void, void> {
  let piece = Buffer.alloc(pieceBytes);
  let length = 0;
  let last = newline;
  const finished = (): Buffer => {
    // After a newline ^D would be the end.
    if (last !== newline) piece[length++] = eof;
    const whole = piece.subarray(0, length);
    piece = Buffer.alloc(pieceBytes);
    length = 0;
    last = newline;
    return whole;
  };
  for (const byte of data) {
    // Room for two bytes, and for the ^D behind them.
    if (length + 3 > pieceBytes) yield finished();
    if (byte === eof || byte === literal) piece[length++] = literal;
    piece[length++] = byte;
    last = byte;
  }
  if (length > 0) yield finished();
}

export const typedEnd = Buffer.from([eof]);

/** For a terminal that passes everything on as it is. */
export function* inPieces(data: Uint8Array): Generator<Buffer, void, void> {
  const bytes = Buffer.from(data);
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
