/** The bytes that a request carries: out of aws-chunked coding if it has that, and held against their checksums. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../aws-error.ts';
import type { HttpRequest } from '../http-exchange.ts';

export function bodyOf({ headers, body, query }: HttpRequest): Buffer {
  const chunked = /aws-chunked/.test(headers['content-encoding'] ?? '');
  const { bytes, trailers } = chunked ? dechunk(body) : { bytes: body, trailers: {} };
  const declared = headers['x-amz-decoded-content-length'];
  if (chunked && declared !== undefined && Number(declared) !== bytes.length) {
    throw new AwsError('IncompleteBody', 'The request body does not have the declared length.');
  }
  const crc = headers['x-amz-checksum-crc32'] ?? trailers['x-amz-checksum-crc32'] ?? presignedCrc(query);
  if (crc !== undefined && crc !== crc32Of(bytes)) throw badDigest('CRC32');
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(bytes).digest('base64')) throw badDigest('Content-MD5');
  return bytes;
}

/** A URL that was presigned without a body carries the checksum of none, which S3 does not hold against one. */
function presignedCrc(query: URLSearchParams): string | undefined {
  const given = query.get('x-amz-checksum-crc32');
  return given === null || given === crc32Of(Buffer.alloc(0)) ? undefined : given;
}

function crc32Of(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

function badDigest(name: string): AwsError {
  return new AwsError('BadDigest', `The ${name} you specified did not match the calculated checksum.`);
}

/** `size[;chunk-signature=…]\r\nbytes\r\n…0\r\ntrailers\r\n\r\n`. */
function dechunk(body: Buffer): { bytes: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (end < 0 || Number.isNaN(size)) throw new AwsError('IncompleteBody', 'A chunk has no size.');
    at = end + 2;
    if (size === 0) break;
    chunks.push(body.subarray(at, at + size));
    at += size + 2;
  }
  const lines = body.toString('latin1', at).split('\r\n').filter(Boolean);
  const trailers = Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2).map((part) => part.trim())));
  return { bytes: Buffer.concat(chunks), trailers };
}
