/**
 * Bearer keys: `lsk_<16 base62 id>_<43 base62 secret><6 base62 CRC32>`. The checksum lets a scanner recognise a leaked
 * key offline and lets us refuse garbage without a look-up. Only the SHA-256 of the secret is ever stored.
 */
import { crc32 } from 'node:zlib';
import { sha256 } from './clock.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const shape = /^lsk_([0-9A-Za-z]{16})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

export interface ParsedApiKey {
  id: string;
  /** Hex SHA-256 of the 43 characters; 256 bits of randomness need no slow hash. */
  secretHash: string;
}

/** @param randomBytes a cryptographic source. The key is shown once and then forgotten. */
export function newApiKey(randomBytes: (length: number) => Uint8Array): ParsedApiKey & { key: string } {
  const id = base62(randomBytes, 16);
  const secret = base62(randomBytes, 43);
  const body = `lsk_${id}_${secret}`;
  return { id, key: body + checksum(body), secretHash: sha256(secret) };
}

/** Null unless the shape and the checksum are right. */
export function parseApiKey(key: string): ParsedApiKey | null {
  const match = shape.exec(key);
  if (!match?.[1] || !match[2]) return null;
  if (checksum(key.slice(0, -6)) !== match[3]) return null;
  return { id: match[1], secretHash: sha256(match[2]) };
}

function checksum(body: string): string {
  let value = crc32(body);
  let digits = '';
  for (let place = 0; place < 6; place++) {
    digits = alphabet[value % 62] + digits;
    value = Math.floor(value / 62);
  }
  return digits;
}

/** Rejection sampling: bytes of 248 and more would favour the alphabet's start. */
function base62(randomBytes: (length: number) => Uint8Array, length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += alphabet[byte % 62];
    }
  }
  return text;
}
