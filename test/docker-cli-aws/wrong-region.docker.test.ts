/** Longshore is set to another region than the one that the operator's things are in. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { openAwsDoor } from '../support/aws-door.ts';

const { a, app, account, image } = await openAwsDoor({ LONGSHORE_AWS_EFS: '' }, { region: 'eu-central-1' });
const { fake } = account;
const sentence = 'What Longshore is set to use in its AWS account is not there';

test('a bucket in another region is why nothing can be pulled', { timeout: 60_000 }, async () => {
  const { exitCode, stderr } = await a.run(['pull', image]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(sentence) });
  expect(stderr).not.toMatch(/arn:|records|endpoint/);
  const pull = await app.a.admin.send('POST', '/v1/images/pull', { reference: image });
  expect(pull.status).toBe(503);
});

test('a VPC in another region is a reason that the container says, and no task is made', {
  timeout: 120_000,
}, async () => {
  fake.bucketRegions.clear();
  await new S3Client({}).send(new CreateBucketCommand({ Bucket: 'records' }));
  await a.ok(['pull', image]);
  const { exitCode, stderr } = await a.run(['run', '-d', '--name', 'lost', image, 'sleep', '300']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining(sentence) });
  const { error } = await app.a.admin.expect<{ error: object | null }>(200, 'GET', '/v1/containers/lost');
  expect(error).toEqual({ code: 'unavailable', message: sentence });
  expect(await a.ok(['inspect', 'lost', '--format', '{{.State.Error}}'])).toBe(sentence);
  await a.ok(['rm', '-f', 'lost']);
  const ran = fake.calls.filter(({ action, error: refusal }) => action === 'ecs:RunTask' && refusal === undefined);
  expect(ran).toEqual([]);
});
