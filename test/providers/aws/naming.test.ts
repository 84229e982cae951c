import { expect, test } from 'vitest';
import {
  clientToken,
  clusterName,
  familyName,
  logGroupName,
  logStreamName,
  logStreamPrefix,
  lowerTags,
  mainContainer,
  readStartedBy,
  repositoryPrefix,
  startedBy,
  tagNames,
  tagsOf,
  taskIdOf,
  upperTags,
} from '../../../src/providers/aws/naming.ts';
import { roleOf } from '../../../src/providers/aws/settings.ts';

const names = { prefix: 'longshore', installId: '7c9e6679-7425-40de-944b-e07fc1f90ae7' };
const tenantId = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';
const key = `ls-${'a'.repeat(64)}-12`;

test("names fit into AWS's alphabets and lengths", () => {
  expect(clusterName(names, tenantId)).toMatch(/^[A-Za-z0-9_-]{1,255}$/);
  expect(familyName(names, 'b'.repeat(64))).toMatch(/^[A-Za-z0-9_-]{1,255}$/);
  expect(logGroupName(names, tenantId)).toMatch(/^[.\-_/#A-Za-z0-9]{1,512}$/);
  expect(repositoryPrefix(names, tenantId)).toMatch(/^[a-z0-9-]+\/[a-z0-9-]+$/);
  expect(startedBy(key, 3)).toMatch(/^[A-Za-z0-9_/-]{1,128}$/);
  expect(clientToken(names, key, 1)).toMatch(/^[\x21-\x7e]{1,64}$/);
});

test('who a task was started for is read back from it', () => {
  expect(readStartedBy(startedBy(key, 3))).toEqual({ key, attempt: 3 });
  for (const strange of [undefined, 'deployment', key, `${key}/x`]) expect(readStartedBy(strange)).toBeNull();
});

test('a token is the same for the same attempt, and another for any other', () => {
  const token = clientToken(names, key, 1);
  expect(clientToken(names, key, 1)).toBe(token);
  expect(clientToken(names, key, 2)).not.toBe(token);
  expect(clientToken({ ...names, installId: 'other' }, key, 1)).not.toBe(token);
});

test('tags say whose something is, in the spelling of each service', () => {
  const tags = tagsOf(names, { tenantId, key });
  expect(lowerTags(tags)).toContainEqual({ key: tagNames.tenant, value: tenantId });
  expect(upperTags(tags)).toContainEqual({ Key: tagNames.key, Value: key });
  expect(Object.keys(tagsOf(names, { tenantId }))).toEqual([tagNames.install, tagNames.tenant]);
});

test('the log stream of a task follows from its ARN', () => {
  const id = taskIdOf('arn:aws:ecs:eu-west-1:111122223333:task/cluster/0123456789abcdef');
  expect(logStreamName(id)).toBe(`${logStreamPrefix}/${mainContainer}/0123456789abcdef`);
});

test('a role may be one per tenant', () => {
  expect(roleOf('arn:aws:iam::1:role/t/{tenant}/run', tenantId)).toBe(`arn:aws:iam::1:role/t/${tenantId}/run`);
});
