import { expect, test } from 'vitest';
import { AppError, hasCode, unless } from '../../../src/domain/errors.ts';
import { isAwsError, toAppError } from '../../../src/providers/aws/errors.ts';

const named = (name: string, message = 'something of account 111122223333') =>
  Object.assign(new Error(message), { name });
const live = new AbortController().signal;
const read = (error: unknown, signal = live) => toAppError(error, 'ecs:RunTask', { noun: 'container' }, signal);

test.for([
  ['ThrottlingException', 'rate_limited'],
  ['SlowDown', 'rate_limited'],
  ['ExpiredTokenException', 'unavailable'],
  ['CredentialsProviderError', 'unavailable'],
  ['AccessDeniedException', 'forbidden'],
  ['UnauthorizedOperation', 'forbidden'],
  ['ClusterNotFoundException', 'not_found'],
  ['ResourceNotFoundException', 'not_found'],
  ['NoSuchKey', 'not_found'],
  ['DependencyViolation', 'conflict'],
  ['PreconditionFailed', 'conflict'],
  ['SecurityGroupLimitExceeded', 'limit'],
  ['InsufficientFreeAddressesInSubnet', 'unavailable'],
  ['PermanentRedirect', 'unavailable'],
  ['ClientException', 'invalid'],
  ['ServerException', 'unavailable'],
  ['SomethingNew', 'internal'],
] as const)('%s is %s, and nothing that AWS says reaches a tenant', ([name, code]) => {
  const error = read(named(name));
  expect(error.code).toBe(code);
  expect(error.message).not.toContain('111122223333');
  expect(error.cause).toBeInstanceOf(Error);
});

test('a denial names the action that was denied', () => {
  expect(read(named('AccessDeniedException')).message).toContain('ecs:RunTask');
});

test('a lack of capacity is tried again, whatever AWS calls it', () => {
  const text = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';
  expect(read(named('ClientException', text)).code).toBe('unavailable');
});

test('what is ours already stays as it is, and an aborted call is a timeout', () => {
  const ours = new AppError('conflict', 'taken');
  expect(read(ours)).toBe(ours);
  expect(read(named('AbortError'), AbortSignal.abort()).code).toBe('timeout');
});

test("an error is known by AWS's name below ours, and by our code", async () => {
  const error = read(named('InvalidGroup.Duplicate'));
  expect(isAwsError(error, /Duplicate/)).toBe(true);
  expect(isAwsError(error, /NotFound/)).toBe(false);
  expect(hasCode(error, 'conflict')).toBe(true);
  expect(await unless(Promise.reject(error), ['conflict'], 'instead')).toBe('instead');
  await expect(unless(Promise.reject(error), ['not_found'], 'instead')).rejects.toBe(error);
});
