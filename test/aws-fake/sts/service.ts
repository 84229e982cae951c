/** STS: who the caller is, and sessions of roles, which a session policy may narrow. */
import type {
  AssumeRoleRequest,
  AssumeRoleResponse,
  GetCallerIdentityRequest,
  GetCallerIdentityResponse,
} from '@aws-sdk/client-sts';
import { AwsError } from '../aws-error.ts';
import type { Identity } from '../identities.ts';
import type { PolicyDocument } from '../policies.ts';
import type { Call, Service } from '../service.ts';

const maxPolicyCharacters = 2048;
const hour = 3600;

function assumeRole(input: AssumeRoleRequest, { site, identity }: Call): AssumeRoleResponse {
  const { RoleArn = '', RoleSessionName = '', DurationSeconds = hour, Policy, Tags = [] } = input;
  if (!/^arn:aws:iam::\d{12}:role\/.+/.test(RoleArn)) throw new AwsError('ValidationError', `${RoleArn} is invalid`);
  if (Tags.length > 50) throw new AwsError('ValidationError', 'A session can have at most 50 tags');
  const isChained = identity.sessionToken !== undefined;
  if (isChained && DurationSeconds > hour) {
    const text = 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining';
    throw new AwsError('ValidationError', text);
  }
  const own = Policy === undefined ? [] : [parsePolicy(Policy)];
  const { identities } = site.world;
  const session = identities.openSession(
    RoleArn,
    RoleSessionName,
    DurationSeconds,
    [...identities.policiesOfRole(RoleArn), ...own],
    Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
  );
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(session.expiresAtMs),
    },
    AssumedRoleUser: { AssumedRoleId: `AROA:${RoleSessionName}`, Arn: session.arn },
    ...(Policy !== undefined && { PackedPolicySize: Math.ceil((100 * Policy.length) / maxPolicyCharacters) }),
  };
}

function parsePolicy(text: string): PolicyDocument {
  if (text.length > maxPolicyCharacters) {
    throw new AwsError('PackedPolicyTooLarge', 'The policy is larger than 2048 characters');
  }
  try {
    const document: PolicyDocument = JSON.parse(text);
    if (document.Version === '2012-10-17' && [document.Statement].flat().every((part) => part.Effect)) return document;
  } catch {
    throw new AwsError('MalformedPolicyDocument', 'The policy is not in the valid JSON format.');
  }
  throw new AwsError('MalformedPolicyDocument', 'Syntax errors in policy.');
}

function getCallerIdentity(_input: GetCallerIdentityRequest, { identity }: Call): GetCallerIdentityResponse {
  return { Account: identity.account, Arn: identity.arn, UserId: userId(identity) };
}

const userId = ({ accessKeyId, arn, sessionToken }: Identity) =>
  sessionToken === undefined ? accessKeyId.replace(/^AKIA/, 'AIDA') : `AROA:${arn.split('/').at(-1)}`;

export const sts: Service = {
  iamName: 'sts',
  signingName: 'sts',
  modelName: 'sts',
  sdkPackage: '@aws-sdk/client-sts',
  invalidCode: () => 'ValidationError',
  resource: (_operation, input) => String(input.RoleArn ?? '*'),
  handlers: { AssumeRole: assumeRole, GetCallerIdentity: getCallerIdentity },
};
