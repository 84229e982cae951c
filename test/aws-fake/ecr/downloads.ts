/** Bytes behind URLs that nobody can guess and that hold for an hour, as presigned ones of S3 do. */
import { randomBytes } from 'node:crypto';
import type { HttpAnswer, HttpRequest } from '../http-exchange.ts';

const prefix = '/ecr-layers/';
const lifeMs = 3_600_000;

export class Downloads {
  private readonly offered = new Map<string, { bytes: Buffer; until: number }>();

  /** @returns the path of the URL, with its secret */
  offer(bytes: Buffer, nowMs: number): string {
    const token = randomBytes(24).toString('base64url');
    this.offered.set(token, { bytes, until: nowMs + lifeMs });
    return `${prefix}${token}`;
  }

  /** Answers requests for such paths, a range of the bytes too; undefined for others. */
  answer({ path, headers, method }: HttpRequest, nowMs: number): HttpAnswer | undefined {
    if (!path.startsWith(prefix)) return undefined;
    const found = this.offered.get(path.slice(prefix.length));
    if (!found || found.until < nowMs || method !== 'GET') return { status: 403, body: 'Request has expired' };
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
    if (!range) return { status: 200, headers: { 'accept-ranges': 'bytes' }, body: found.bytes };
    const [from, to] = [Number(range[1]), range[2] ? Number(range[2]) : found.bytes.length - 1];
    if (from >= found.bytes.length) return { status: 416 };
    const contentRange = `bytes ${from}-${to}/${found.bytes.length}`;
    return { status: 206, headers: { 'content-range': contentRange }, body: found.bytes.subarray(from, to + 1) };
  }
}
