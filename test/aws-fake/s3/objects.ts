/** S3's operations on objects, as they answer. */
import { AwsError } from '../aws-error.ts';
import type { HttpAnswer, HttpRequest } from '../http-exchange.ts';
import { element, elementTexts, escapeXml, unescapeXml } from '../protocols/xml.ts';
import { type Bucket, etagOf, openUpload, putObject, type StoredObject, uploadOf } from './bucket-store.ts';
import { bodyOf } from './request-body.ts';

const minPartBytes = 5 * 1024 * 1024;
const namespace = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

interface Visit {
  request: HttpRequest;
  bucket: Bucket;
  key: string;
  at: Date;
}

export const objectOperations: Record<string, (visit: Visit) => HttpAnswer> = {
  HeadBucket: () => ({ status: 200 }),
  PutObject: ({ request, bucket, key, at }) => {
    checkConditions(request, bucket.objects.get(key));
    const { etag } = putObject(bucket, key, bodyOf(request), keptHeaders(request), at);
    return { status: 200, headers: { etag } };
  },
  GetObject: (visit) => readObject(visit),
  HeadObject: ({ bucket, key }) => {
    const object = bucket.objects.get(key);
    if (!object) return { status: 404 };
    return { status: 200, headers: { ...headersOf(object), 'content-length': String(object.bytes.length) } };
  },
  DeleteObject: ({ bucket, key }) => {
    bucket.objects.delete(key);
    return { status: 204 };
  },
  DeleteObjects: ({ request, bucket }) => {
    const keys = elementTexts(bodyOf(request).toString('utf8'), 'Key').map(unescapeXml);
    for (const key of keys) bucket.objects.delete(key);
    return xml('DeleteResult', keys.map((key) => element('Deleted', element('Key', escapeXml(key)))).join(''));
  },
  ListObjectsV2: (visit) => list(visit),
  CreateMultipartUpload: ({ request, bucket, key }) => {
    const { id } = openUpload(bucket, key, keptHeaders(request));
    const where = element('Bucket', bucket.name) + element('Key', escapeXml(key));
    return xml('InitiateMultipartUploadResult', where + element('UploadId', id));
  },
  UploadPart: ({ request, bucket, key }) => {
    const number = Number(request.query.get('partNumber'));
    if (!(number >= 1 && number <= 10_000)) {
      throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
    }
    const bytes = bodyOf(request);
    const etag = etagOf(bytes);
    uploadOf(bucket, key, request.query.get('uploadId') ?? '').parts.set(number, { bytes, etag });
    return { status: 200, headers: { etag } };
  },
  CompleteMultipartUpload: (visit) => complete(visit),
  AbortMultipartUpload: ({ request, bucket, key }) => {
    bucket.uploads.delete(uploadOf(bucket, key, request.query.get('uploadId') ?? '').id);
    return { status: 204 };
  },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
function checkConditions({ headers }: HttpRequest, present: StoredObject | undefined): void {
  const { 'if-none-match': none, 'if-match': match } = headers;
  if (none !== undefined && none !== '*') {
    throw new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented', 501);
  }
  const bare = (etag: string) => etag.replaceAll('"', '');
  const failed = new AwsError(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    412,
  );
  if (none !== undefined && present) throw failed;
  if (match === undefined) return;
  if (!present) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  if (bare(match) !== bare(present.etag)) throw failed;
}

function readObject({ request, bucket, key }: Visit): HttpAnswer {
  const object = bucket.objects.get(key);
  if (!object) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  const { bytes } = object;
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range) return { status: 200, headers: headersOf(object), body: bytes };
  const [, first, last] = range;
  const from = first ? Number(first) : bytes.length - Number(last);
  const to = first && last ? Math.min(Number(last), bytes.length - 1) : bytes.length - 1;
  if (from > to || from >= bytes.length) {
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416);
  }
  const contentRange = `bytes ${from}-${to}/${bytes.length}`;
  return {
    status: 206,
    headers: { ...headersOf(object), 'content-range': contentRange },
    body: bytes.subarray(from, to + 1),
  };
}

function list({ request, bucket }: Visit): HttpAnswer {
  const prefix = request.query.get('prefix') ?? '';
  const after = request.query.get('continuation-token') ?? request.query.get('start-after') ?? '';
  const max = Number(request.query.get('max-keys') ?? 1000);
  const all = [...bucket.objects.values()]
    .filter(({ key }) => key.startsWith(prefix) && key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const chosen = all.slice(0, max);
  const more = all.length > chosen.length;
  const contents = chosen.map(({ key, bytes, etag, modifiedAt }) =>
    element(
      'Contents',
      element('Key', escapeXml(key)) +
        element('LastModified', modifiedAt.toISOString()) +
        element('ETag', escapeXml(etag)) +
        element('Size', String(bytes.length)) +
        element('StorageClass', 'STANDARD'),
    ),
  );
  const next = more ? element('NextContinuationToken', escapeXml(chosen.at(-1)?.key ?? '')) : '';
  return xml(
    'ListBucketResult',
    element('Name', bucket.name) +
      element('Prefix', escapeXml(prefix)) +
      element('KeyCount', String(chosen.length)) +
      element('MaxKeys', String(max)) +
      element('IsTruncated', String(more)) +
      next +
      contents.join(''),
  );
}

/** Parts in order, each as it was uploaded, and all but the last large enough. */
function complete({ request, bucket, key, at }: Visit): HttpAnswer {
  const upload = uploadOf(bucket, key, request.query.get('uploadId') ?? '');
  const named = elementTexts(request.body.toString('utf8'), 'Part').map((part) => ({
    number: Number(elementTexts(part, 'PartNumber')[0]),
    etag: unescapeXml(elementTexts(part, 'ETag')[0] ?? '').replace(/^"?([^"]*)"?$/, '"$1"'),
  }));
  if (named.length === 0) throw new AwsError('MalformedXML', 'The XML you provided was not well-formed.');
  const parts = named.map(({ number, etag }, index) => {
    const part = upload.parts.get(number);
    if (!part || part.etag !== etag) throw new AwsError('InvalidPart', 'One or more parts could not be found.');
    if (number <= (named[index - 1]?.number ?? 0)) {
      throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
    }
    if (index < named.length - 1 && part.bytes.length < minPartBytes) {
      throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
    }
    return part.bytes;
  });
  const object = putObject(bucket, key, Buffer.concat(parts), upload.headers, at);
  object.etag = object.etag.replace(/"$/, `-${parts.length}"`);
  bucket.uploads.delete(upload.id);
  const where = element('Bucket', bucket.name) + element('Key', escapeXml(key));
  return xml('CompleteMultipartUploadResult', where + element('ETag', escapeXml(object.etag)));
}

function keptHeaders({ headers }: HttpRequest): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => name.startsWith('x-amz-meta-') || /^(content-type|cache-control|content-disposition)$/.test(name),
  );
  return Object.fromEntries(kept);
}

function headersOf({ etag, modifiedAt, headers }: StoredObject): Record<string, string> {
  const type = headers['content-type'] ?? 'application/octet-stream';
  return {
    ...headers,
    'content-type': type,
    etag,
    'last-modified': modifiedAt.toUTCString(),
    'accept-ranges': 'bytes',
  };
}

function xml(name: string, content: string): HttpAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, content, namespace)}`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}
