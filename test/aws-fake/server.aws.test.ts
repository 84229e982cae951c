/** Who gets in and what is let through, told by STS, with the SDK's own client. */
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { manualClock } from './clock.ts';
import { defaultAccount } from './front-door.ts';
import { type AwsFake, startAwsFake } from './server.ts';

const clock = manualClock();
const roleArn = `arn:aws:iam::${defaultAccount}:role/deploy`;
let fake: AwsFake;
let credentials: ReturnType<AwsFake['addUser']>;

beforeAll(async () => {
  fake = await startAwsFake({ clock });
  credentials = fake.addUser();
});
beforeEach(() => {
  fake.violations.length = 0;
});
afterAll(() => fake.close());

const client = (keys: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } = credentials) =>
  new STSClient({ region: 'eu-west-1', endpoint: fake.url, credentials: keys, maxAttempts: 1 });

const openSession = async (more: { DurationSeconds?: number; Policy?: string } = {}, from = client()) => {
  const input = { RoleArn: roleArn, RoleSessionName: 'test', ...more };
  const { Credentials } = await from.send(new AssumeRoleCommand(input));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
};

test('a user is told who it is', async () => {
  const { Account, Arn } = await client().send(new GetCallerIdentityCommand({}));
  expect({ Account, Arn }).toEqual({ Account: defaultAccount, Arn: `arn:aws:iam::${defaultAccount}:user/user-1` });
});

test('a key nobody has is told so', async () => {
  const stranger = client({ accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' });
  await expect(stranger.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
});

test('a signature made with another secret does not match', async () => {
  const impostor = client({ ...credentials, secretAccessKey: 'guess' });
  await expect(impostor.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
    name: 'SignatureDoesNotMatch',
  });
});

test('a session works until it is over, and only with its token', async () => {
  const session = await openSession({ DurationSeconds: 900 });
  const { Arn } = await client(session).send(new GetCallerIdentityCommand({}));
  expect(Arn).toBe(`arn:aws:sts::${defaultAccount}:assumed-role/deploy/test`);
  const { sessionToken: _, ...tokenless } = session;
  await expect(client(tokenless).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
  });
  await clock.advance(900_000);
  await expect(client(session).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
    name: expect.stringMatching(/^ExpiredToken/),
  });
});

test('a session policy narrows what the session may do, and the refusal names the action', async () => {
  const Statement = { Effect: 'Allow', Action: 'ecr:*', Resource: '*' };
  const narrow = await openSession({ Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
  await expect(openSession({}, client(narrow))).rejects.toMatchObject({
    name: 'AccessDenied',
    message: expect.stringContaining(`sts:AssumeRole on resource: ${roleArn}`),
  });
});

test('a chained session lasts an hour at most', async () => {
  const first = client(await openSession());
  await expect(openSession({ DurationSeconds: 7200 }, first)).rejects.toThrow('role chaining');
});

test('a policy that is no policy is refused', async () => {
  await expect(openSession({ Policy: '{"Version":"2012-10-17"' })).rejects.toMatchObject({
    name: 'MalformedPolicyDocumentException',
  });
});

test('what the model refuses is refused, and recorded', async () => {
  await expect(openSession({ DurationSeconds: 1 })).rejects.toMatchObject({ name: 'ValidationError' });
  expect(fake.violations).toEqual([
    { action: 'sts:AssumeRole', problem: expect.stringContaining('DurationSeconds failed to satisfy constraint') },
  ]);
});

test('an action that is denied names itself, and a reply can be lost after the deed', async () => {
  fake.habits.deny.add('sts:AssumeRole');
  await expect(openSession()).rejects.toMatchObject({ name: 'AccessDenied' });
  fake.habits.deny.clear();
  fake.habits.loseReply = (action) => action === 'sts:GetCallerIdentity';
  await expect(client().send(new GetCallerIdentityCommand({}))).rejects.toThrow(/hang up|ECONNRESET/);
  fake.habits.loseReply = () => false;
  expect(fake.failures).toEqual([]);
});
