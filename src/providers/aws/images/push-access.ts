/**
 * What a tenant needs to push to ECR without us: repositories, and a password of the registry. A password has the rights of whoever asks
 * for it, so that a session asks that may do nothing but push and pull in this tenant's repositories.
 */
import { GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions, PushAccess } from '../../provider.ts';
import { repositoryPrefix, tagNames } from '../naming.ts';
import { roleOf } from '../settings.ts';
import { ask, type Site } from '../site.ts';
import { ensureRepository } from './ecr.ts';
import { rememberPushes } from './pushes.ts';
import { checkedPath } from './repository-paths.ts';

/** What AWS allows where a role's session takes another role, as on Lambda. The password ends with the session. */
const sessionSeconds = 3600;

const subject = { noun: 'credential' };
const actions = [
  ...['BatchCheckLayerAvailability', 'InitiateLayerUpload', 'UploadLayerPart', 'CompleteLayerUpload', 'PutImage'],
  ...['BatchGetImage', 'GetDownloadUrlForLayer'],
].map((name) => `ecr:${name}`);

/** Repeatable; each call gives another password. Throws invalid for a name that ECR does not take. */
export async function pushAccess(
  site: Site,
  role: string,
  { tenantId, repositories }: { tenantId: string; repositories: string[] },
  options: CallOptions,
): Promise<PushAccess> {
  const made: { uri: string; arn: string }[] = [];
  for (const path of repositories.map(checkedPath)) {
    const repository = await ensureRepository(site, tenantId, path, options);
    await rememberPushes(site, repository, path, options);
    made.push(repository);
  }
  const [registryArn = ''] = made[0]?.arn.split(':repository/') ?? [];
  const all = `${registryArn}:repository/${repositoryPrefix(site, tenantId)}/*`;
  const credentials = await assume(site, roleOf(role, tenantId), tenantId, policyFor(all), options);
  const ecr = site.clients.ecrAs(credentials);
  try {
    const send = (http: { abortSignal: AbortSignal }) => ecr.send(new GetAuthorizationTokenCommand({}), http);
    const call = { action: 'ecr:GetAuthorizationToken', subject, tenantId, send };
    const { authorizationData: [token] = [] } = await ask(site, call, options);
    const [username = '', password = ''] = Buffer.from(token?.authorizationToken ?? '', 'base64')
      .toString()
      .split(':');
    if (password === '') throw new AppError('internal', 'AWS gives no password of the registry');
    const ends = [token?.expiresAt, credentials.expiration].map((date) => date?.getTime() ?? Number.POSITIVE_INFINITY);
    const registry = made[0]?.uri.split('/')[0] ?? '';
    const expiresAt = new Date(Math.min(...ends));
    return { registry, username, password, expiresAt, repositories: made.map(({ uri }) => uri) };
  } finally {
    ecr.destroy();
  }
}

function policyFor(resource: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
      { Effect: 'Allow', Action: actions, Resource: resource },
    ],
  });
}

async function assume(site: Site, roleArn: string, tenantId: string, policy: string, options: CallOptions) {
  const command = new AssumeRoleCommand({
    RoleArn: roleArn,
    RoleSessionName: `push-${tenantId}`.slice(0, 64),
    Policy: policy,
    DurationSeconds: sessionSeconds,
    Tags: [{ Key: tagNames.tenant, Value: tenantId }],
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.sts.send(command, http);
  const { Credentials: given } = await ask(site, { action: 'sts:AssumeRole', subject, tenantId, send }, options);
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new AppError('internal', 'AWS gives no session');
  return {
    ...{ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    ...(Expiration && { expiration: Expiration }),
  };
}
