/** Which of S3's operations a request is, and whether it says anything that the operation does not have. */
import type { HttpRequest } from '../http-exchange.ts';
import { type ServiceModel, shapeOf } from '../model/service-model.ts';

export interface S3Target {
  operation: string;
  bucket: string;
  key: string;
}

/** Path style, or the bucket before a host name. */
export function targetOf(request: HttpRequest): S3Target {
  const host = /^([^.]+)\.localhost(:\d+)?$/.exec(request.headers.host ?? '');
  const path = host ? `/${host[1]}${request.path}` : request.path;
  const [, bucket = '', ...rest] = path.split('/');
  const key = decodeURIComponent(rest.join('/'));
  return { operation: operationOf(request, key), bucket: decodeURIComponent(bucket), key };
}

function operationOf({ method, query, headers }: HttpRequest, key: string): string {
  if (key === '') {
    if (method === 'PUT') return 'CreateBucket';
    if (method === 'HEAD') return 'HeadBucket';
    if (method === 'DELETE') return 'DeleteBucket';
    if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
    return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  }
  const uploading = query.has('uploadId');
  if (method === 'PUT' && uploading) return 'UploadPart';
  if (method === 'PUT') return headers['x-amz-copy-source'] ? 'CopyObject' : 'PutObject';
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'DELETE') return uploading ? 'AbortMultipartUpload' : 'DeleteObject';
  if (method === 'HEAD') return 'HeadObject';
  return uploading ? 'ListParts' : 'GetObject';
}

/** Headers that belong to signing, checksums and the SDK, whatever the operation. */
const general =
  /^x-amz-(date|content-sha256|security-token|user-agent|decoded-content-length|trailer|checksum-.*|sdk-.*|meta-.*)$/;
/** Likewise in a query. `uploads`, `delete` and `list-type` name the operation. */
const generalQuery = /^(X-Amz-.*|x-amz-.*|x-id|uploads|delete|list-type)$/;

export function problemsOf(model: ServiceModel, operation: string, { headers, query }: HttpRequest): string[] {
  const input = model.operations[operation]?.input;
  const members = Object.values(input ? (shapeOf(model, input.shape).members ?? {}) : {});
  const named = new Set(members.map(({ locationName = '' }) => locationName.toLowerCase()));
  const strangeHeaders = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-') && !general.test(name) && !named.has(name),
  );
  const strangeQuery = [...query.keys()].filter((name) => !generalQuery.test(name) && !named.has(name.toLowerCase()));
  return [...strangeHeaders, ...strangeQuery].map((name) => `${name} is no parameter`);
}
