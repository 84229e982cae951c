/** S3 from a signed request to an answer: its protocol is its own, what all services share is dispatch.ts's. */
import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import { admit, type Dispatched, knownError } from '../dispatch.ts';
import type { HttpAnswer, HttpRequest } from '../http-exchange.ts';
import type { Identity } from '../identities.ts';
import { modelOf } from '../model/merged-model.ts';
import { errorAs } from '../protocols/error-codes.ts';
import { element, escapeXml } from '../protocols/xml.ts';
import type { Site } from '../site.ts';
import { objectOperations } from './objects.ts';
import { problemsOf, type S3Target, targetOf } from './operation.ts';

/** The action that allows each operation, where it has another name. */
const actions: Record<string, string> = {
  HeadObject: 'GetObject',
  HeadBucket: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  DeleteObjects: 'DeleteObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
};

export async function answerS3(site: Site, request: HttpRequest, identify: () => Identity): Promise<Dispatched> {
  const requestId = randomUUID();
  let asked = '?';
  const record = (error?: string) => {
    const { account, region } = site;
    site.world.calls.push({ action: `s3:${asked}`, account, region, atMs: site.world.clock.now(), error });
  };
  try {
    const target = targetOf(request);
    asked = target.operation;
    const identity = identify();
    const model = modelOf({ modelName: 's3', sdkPackage: '@aws-sdk/client-s3' });
    const action = `s3:${actions[target.operation] ?? target.operation}`;
    for (const problem of problemsOf(model, target.operation, request)) site.world.violations.push({ action, problem });
    const path = target.key === '' ? target.bucket : `${target.bucket}/${target.key}`;
    admit(site, identity, [{ action, resource: `arn:aws:s3:::${path}`, context: {} }], target);
    const answer = perform(site, target, request);
    record(answer.status < 400 ? undefined : String(answer.status));
    const headers = { 'x-amz-request-id': requestId, ...answer.headers };
    return { answer: { ...answer, headers }, lost: site.world.habits.loseReply(`s3:${target.operation}`, target) };
  } catch (error) {
    const { code, message, status } = errorAs('s3', knownError(site, error));
    record(code);
    const content = element('Code', code) + element('Message', escapeXml(message)) + element('RequestId', requestId);
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n${element('Error', content)}`;
    return { answer: { status, headers: { 'content-type': 'application/xml' }, body }, lost: false };
  }
}

function perform(site: Site, { operation, bucket: name, key }: S3Target, request: HttpRequest): HttpAnswer {
  if (operation === 'CreateBucket') {
    site.buckets.create(name);
    site.world.bucketRegions.set(name, site.region);
    return { status: 200, headers: { location: `/${name}` } };
  }
  const { bucketRegions } = site.world;
  if ((bucketRegions.get(name) ?? site.region) !== site.region) {
    const text = 'The bucket you are attempting to access must be addressed using the specified endpoint.';
    throw new AwsError('PermanentRedirect', text, 301);
  }
  const bucket = site.buckets.bucket(name);
  if (operation === 'DeleteBucket') {
    if (bucket.objects.size > 0)
      throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409);
    site.buckets.buckets.delete(name);
    bucketRegions.delete(name);
    return { status: 204 };
  }
  const run = objectOperations[operation];
  if (!run) throw new AwsError('NotImplemented', `The fake has no s3:${operation}`, 501);
  return run({ request, bucket, key, at: site.now() });
}
