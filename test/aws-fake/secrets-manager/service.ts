/** Secrets Manager. */
import { randomUUID } from 'node:crypto';
import type {
  CreateSecretRequest,
  CreateSecretResponse,
  DeleteSecretRequest,
  DeleteSecretResponse,
  DescribeSecretRequest,
  DescribeSecretResponse,
  GetSecretValueRequest,
  GetSecretValueResponse,
  ListSecretsRequest,
  ListSecretsResponse,
  PutSecretValueRequest,
  PutSecretValueResponse,
  TagResourceRequest,
} from '@aws-sdk/client-secrets-manager';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call, Service } from '../service.ts';
import { checkTags, mergeTags } from '../tags.ts';
import type { Secret } from './secret-store.ts';

const day = 24 * 3_600_000;

function createSecret(input: CreateSecretRequest, { site }: Call): CreateSecretResponse {
  const { Name: name = '', Description: description, Tags: tags = [] } = input;
  if (!/^[A-Za-z0-9/_+=.@-]+$/.test(name)) {
    throw new AwsError('ValidationException', 'Invalid name. Must be a valid name containing alphanumeric characters.');
  }
  checkTags(
    tags.map(({ Key: key }) => ({ key })),
    'InvalidParameterException',
  );
  const known = site.secrets.secrets.get(name);
  if (known?.deletedAt) {
    const text = 'You can’t create this secret because a secret with this name is already scheduled for deletion.';
    throw new AwsError('InvalidRequestException', text);
  }
  if (known) {
    throw new AwsError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);
  }
  const createdAt = site.now();
  const secret: Secret = {
    arn: site.secrets.newArn(name),
    name,
    description,
    tags,
    createdAt,
    deletedAt: undefined,
    versions: [],
  };
  site.secrets.secrets.set(name, secret);
  const hasValue = input.SecretString !== undefined || input.SecretBinary !== undefined;
  const version = hasValue ? addVersion(secret, input, createdAt) : undefined;
  return { ARN: secret.arn, Name: name, ...(version && { VersionId: version.id }) };
}

function addVersion(secret: Secret, input: PutSecretValueRequest | CreateSecretRequest, createdAt: Date) {
  const { SecretString: text, SecretBinary: binary, ClientRequestToken: id = randomUUID() } = input;
  if ((text === undefined) === (binary === undefined)) {
    throw new AwsError('InvalidParameterException', 'You must provide either SecretString or SecretBinary.');
  }
  const same = secret.versions.find((version) => version.id === id);
  if (same && same.text !== text) {
    throw new AwsError('ResourceExistsException', 'A version with this token and another value already exists.');
  }
  if (same) return same;
  for (const version of secret.versions) {
    version.stages = version.stages.includes('AWSCURRENT') ? ['AWSPREVIOUS'] : [];
  }
  const version = { id, stages: ['AWSCURRENT'], text, binary, createdAt };
  secret.versions.push(version);
  return version;
}

function putSecretValue(input: PutSecretValueRequest, { site }: Call): PutSecretValueResponse {
  const secret = site.secrets.find(input.SecretId ?? '');
  const version = addVersion(secret, input, site.now());
  return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: version.stages };
}

function getSecretValue(input: GetSecretValueRequest, { site }: Call): GetSecretValueResponse {
  const secret = site.secrets.find(input.SecretId ?? '');
  const version = site.secrets.version(secret, { id: input.VersionId, stage: input.VersionStage });
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    VersionStages: version.stages,
    CreatedDate: version.createdAt,
    ...(version.text === undefined ? { SecretBinary: version.binary } : { SecretString: version.text }),
  };
}

function shown({ arn, name, description, tags, createdAt, deletedAt }: Secret) {
  return {
    ARN: arn,
    Name: name,
    ...(description !== undefined && { Description: description }),
    Tags: tags,
    CreatedDate: createdAt,
    ...(deletedAt && { DeletedDate: deletedAt }),
  };
}

function describeSecret({ SecretId = '' }: DescribeSecretRequest, { site }: Call): DescribeSecretResponse {
  const secret = site.secrets.find(SecretId);
  const stages = Object.fromEntries(secret.versions.map((version) => [version.id, version.stages]));
  return { ...shown(secret), VersionIdsToStages: stages };
}

function listSecrets(
  { MaxResults = 100, NextToken, Filters = [] }: ListSecretsRequest,
  { site }: Call,
): ListSecretsResponse {
  const found = [...site.secrets.secrets.values()].filter(
    (secret) =>
      !secret.deletedAt &&
      Filters.every(({ Key, Values = [] }) =>
        Values.some((value) => {
          if (Key === 'name') return secret.name.startsWith(value);
          if (Key === 'tag-key') return secret.tags.some((tag) => tag.Key === value);
          return Key === 'tag-value' && secret.tags.some((tag) => tag.Value === value);
        }),
      ),
  );
  const { items, next } = page(found, NextToken, MaxResults, 'InvalidNextTokenException');
  return { SecretList: items.map(shown), ...(next && { NextToken: next }) };
}

/** Scheduled, unless it is to be deleted without a way back. */
function deleteSecret(input: DeleteSecretRequest, { site }: Call): DeleteSecretResponse {
  const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force } = input;
  if (force && days !== undefined) {
    throw new AwsError('InvalidParameterException', 'You can’t use ForceDeleteWithoutRecovery with a recovery window.');
  }
  const secret = site.secrets.find(input.SecretId ?? '');
  if (force) site.secrets.secrets.delete(secret.name);
  secret.deletedAt = new Date(site.world.clock.now() + (force ? 0 : (days ?? 30) * day));
  return { ARN: secret.arn, Name: secret.name, DeletionDate: secret.deletedAt };
}

function tagResource({ SecretId = '', Tags = [] }: TagResourceRequest, { site }: Call): void {
  const secret = site.secrets.find(SecretId);
  const plain = (tags: typeof secret.tags) => tags.map(({ Key: key, Value: value }) => ({ key, value }));
  const merged = mergeTags(plain(secret.tags), plain(Tags));
  checkTags(merged, 'InvalidParameterException');
  secret.tags = merged.map(({ key: Key, value: Value }) => ({ Key, Value }));
}

export const secretsManager: Service = {
  iamName: 'secretsmanager',
  signingName: 'secretsmanager',
  modelName: 'secretsmanager',
  sdkPackage: '@aws-sdk/client-secrets-manager',
  invalidCode: () => 'ValidationException',
  resource: (_operation, input, site) => {
    const id = String(input.SecretId ?? input.Name ?? '');
    if (id === '') return '*';
    return [...site.secrets.secrets.values()].find(({ name }) => name === id)?.arn ?? id;
  },
  handlers: {
    CreateSecret: createSecret,
    PutSecretValue: putSecretValue,
    GetSecretValue: getSecretValue,
    DescribeSecret: describeSecret,
    ListSecrets: listSecrets,
    DeleteSecret: deleteSecret,
    TagResource: tagResource,
  },
};
