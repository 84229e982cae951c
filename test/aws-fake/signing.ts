/** Signature Version 4, checked as AWS checks it: in the Authorization header, or in the query of a presigned URL. */
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import type { HttpRequest } from './http-exchange.ts';

export interface Signature {
  accessKeyId: string;
  /** YYYYMMDD. */
  date: string;
  region: string;
  /** The service's signing name, such as `elasticfilesystem`. */
  service: string;
  signedHeaders: string[];
  signature: string;
  /** YYYYMMDDTHHMMSSZ. */
  time: string;
  /** Seconds that a presigned URL holds. */
  presignedFor?: number | undefined;
  sessionToken?: string | undefined;
}

const skewMs = 5 * 60_000;
const mostSigningKeys = 100;

/** What the request says about who signed it; undefined when it is not signed. */
export function parseSignature({ headers, query }: HttpRequest): Signature | undefined {
  const presigned = query.get('X-Amz-Signature') !== null;
  const parts = presigned ? presignedParts(query) : headerParts(headers.authorization);
  if (!parts) return undefined;
  const [accessKeyId = '', date = '', region = '', service = ''] = parts.credential.split('/');
  return {
    ...{ accessKeyId, date, region, service },
    signedHeaders: parts.signedHeaders.split(';'),
    signature: parts.signature,
    time: presigned ? (query.get('X-Amz-Date') ?? '') : (headers['x-amz-date'] ?? ''),
    ...(presigned && { presignedFor: Number(query.get('X-Amz-Expires')) }),
    sessionToken: (presigned ? query.get('X-Amz-Security-Token') : headers['x-amz-security-token']) ?? undefined,
  };
}

/** Throws unless the request was signed with that secret, lately, over these very bytes. @param nowMs of the wall clock */
export function verifySignature(request: HttpRequest, parsed: Signature, secret: string, nowMs: number): void {
  const signedMs = parseTime(parsed.time);
  if (parsed.presignedFor !== undefined) {
    if (nowMs > signedMs + parsed.presignedFor * 1000) throw new AwsError('AccessDenied', 'Request has expired', 403);
  } else if (Math.abs(nowMs - signedMs) > skewMs) {
    throw mismatch(`Signature expired: ${parsed.time} is not within 5 min. of the server's time`);
  }
  const payload = payloadHash(request, parsed);
  const scope = `${parsed.date}/${parsed.region}/${parsed.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', parsed.time, scope, sha256(canonicalRequest(request, parsed, payload))].join(
    '\n',
  );
  const expected = hmac(signingKey(secret, scope), toSign);
  const given = Buffer.from(parsed.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw mismatch('The request signature we calculated does not match the signature you provided.');
  }
}

function canonicalRequest(request: HttpRequest, { service, signedHeaders }: Signature, payload: string): string {
  // Every service but S3 encodes the path a second time.
  const path = service === 's3' ? request.path : request.path.split('/').map(encode).join('/');
  const query = [...request.query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers = signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  return [request.method, path, query, headers.join(''), signedHeaders.join(';'), payload].join('\n');
}

function payloadHash(request: HttpRequest, { presignedFor, service }: Signature): string {
  const declared = request.headers['x-amz-content-sha256'] ?? request.query.get('X-Amz-Content-Sha256');
  if (presignedFor !== undefined && service === 's3') return declared ?? 'UNSIGNED-PAYLOAD';
  const actual = sha256(request.body);
  if (declared === undefined || declared === null) return actual;
  if (/^[0-9a-f]{64}$/.test(declared) && declared !== actual) {
    throw new AwsError('XAmzContentSHA256Mismatch', 'The provided x-amz-content-sha256 header does not match.', 400);
  }
  return declared;
}

function headerParts(authorization: string | undefined) {
  if (!authorization?.startsWith('AWS4-HMAC-SHA256 ')) return undefined;
  const part = (name: string) => new RegExp(`${name}=([^,\\s]+)`).exec(authorization)?.[1] ?? '';
  return { credential: part('Credential'), signedHeaders: part('SignedHeaders'), signature: part('Signature') };
}

function presignedParts(query: URLSearchParams) {
  const part = (name: string) => query.get(`X-Amz-${name}`) ?? '';
  return { credential: part('Credential'), signedHeaders: part('SignedHeaders'), signature: part('Signature') };
}

function parseTime(time: string): number {
  const iso = time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const parsed = Date.parse(iso);
  if (Number.isNaN(parsed)) throw mismatch('Date must be in ISO-8601 basic format.');
  return parsed;
}

function mismatch(message: string): AwsError {
  return new AwsError('InvalidSignatureException', message, 403);
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

const signingKeys = new Map<string, KeyObject>();

/** Made once for all requests of a day. @param scope date, region, service and the end of it */
function signingKey(secret: string, scope: string): KeyObject {
  const name = `${secret} ${scope}`;
  const known = signingKeys.get(name);
  if (known) return known;
  const key = createSecretKey(scope.split('/').reduce(hmac, Buffer.from(`AWS4${secret}`)));
  if (signingKeys.size >= mostSigningKeys) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}

function hmac(key: Buffer | KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
