/** Repositories, their policies and tags. */
import type {
  CreateRepositoryRequest,
  CreateRepositoryResponse,
  DeleteRepositoryRequest,
  DeleteRepositoryResponse,
  DescribeRepositoriesRequest,
  DescribeRepositoriesResponse,
  GetLifecyclePolicyRequest,
  GetLifecyclePolicyResponse,
  GetRepositoryPolicyRequest,
  GetRepositoryPolicyResponse,
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  PutImageTagMutabilityRequest,
  PutImageTagMutabilityResponse,
  PutLifecyclePolicyRequest,
  PutLifecyclePolicyResponse,
  SetRepositoryPolicyRequest,
  SetRepositoryPolicyResponse,
  TagResourceRequest,
  TagResourceResponse,
} from '@aws-sdk/client-ecr';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call } from '../service.ts';
import type { Site } from '../site.ts';
import { checkTags, mergeTags } from '../tags.ts';

export function createRepository(input: CreateRepositoryRequest, { site }: Call): CreateRepositoryResponse {
  const { repositoryName = '', tags = [], imageTagMutability = 'MUTABLE' } = input;
  checkTags(
    tags.map(({ Key }) => ({ key: Key })),
    'InvalidTagParameterException',
  );
  if (site.ecr.repositories.has(repositoryName)) {
    const text = `The repository with name '${repositoryName}' already exists in the registry with id '${site.account}'`;
    throw new AwsError('RepositoryAlreadyExistsException', text);
  }
  const shown = {
    repositoryName,
    repositoryArn: site.arn('ecr', `repository/${repositoryName}`),
    registryId: site.account,
    repositoryUri: `${site.ecr.pushHost()}/${repositoryName}`,
    createdAt: site.now(),
    imageTagMutability,
    imageScanningConfiguration: input.imageScanningConfiguration ?? { scanOnPush: false },
    encryptionConfiguration: input.encryptionConfiguration ?? { encryptionType: 'AES256' as const },
  };
  site.ecr.repositories.set(repositoryName, {
    shown,
    tags,
    policy: undefined,
    lifecyclePolicy: undefined,
    manifests: new Map(),
    layers: new Map(),
  });
  return { repository: shown };
}

export function describeRepositories(
  { repositoryNames, nextToken, maxResults = 100 }: DescribeRepositoriesRequest,
  { site }: Call,
): DescribeRepositoriesResponse {
  if (repositoryNames) return { repositories: repositoryNames.map((name) => site.ecr.repository(name).shown) };
  const all = [...site.ecr.repositories.values()].map(({ shown }) => shown);
  const { items, next } = page(all, nextToken, maxResults, 'InvalidParameterException');
  return { repositories: items, ...(next && { nextToken: next }) };
}

export function deleteRepository(
  { repositoryName = '', force }: DeleteRepositoryRequest,
  { site }: Call,
): DeleteRepositoryResponse {
  const { shown, manifests } = site.ecr.repository(repositoryName);
  if (manifests.size > 0 && !force) {
    const text = `The repository with name '${repositoryName}' cannot be deleted because it still contains images`;
    throw new AwsError('RepositoryNotEmptyException', text);
  }
  site.ecr.repositories.delete(repositoryName);
  return { repository: shown };
}

export function putImageTagMutability(
  { repositoryName, imageTagMutability }: PutImageTagMutabilityRequest,
  { site }: Call,
): PutImageTagMutabilityResponse {
  const { shown } = site.ecr.repository(repositoryName);
  shown.imageTagMutability = imageTagMutability;
  return { registryId: site.account, repositoryName: shown.repositoryName, imageTagMutability };
}

export function setRepositoryPolicy(
  { repositoryName, policyText }: SetRepositoryPolicyRequest,
  { site }: Call,
): SetRepositoryPolicyResponse {
  const repository = site.ecr.repository(repositoryName);
  repository.policy = policyText;
  return { registryId: site.account, repositoryName: repository.shown.repositoryName, policyText };
}

export function getRepositoryPolicy(
  { repositoryName }: GetRepositoryPolicyRequest,
  { site }: Call,
): GetRepositoryPolicyResponse {
  const { policy, shown } = site.ecr.repository(repositoryName);
  if (policy === undefined) throw new AwsError('RepositoryPolicyNotFoundException', 'Repository policy does not exist');
  return { registryId: site.account, repositoryName: shown.repositoryName, policyText: policy };
}

/** The policy is kept, not carried out: ECR takes up to a day for that. */
export function putLifecyclePolicy(
  { repositoryName, lifecyclePolicyText = '' }: PutLifecyclePolicyRequest,
  { site }: Call,
): PutLifecyclePolicyResponse {
  const repository = site.ecr.repository(repositoryName);
  try {
    JSON.parse(lifecyclePolicyText);
  } catch {
    throw new AwsError('InvalidParameterException', 'Invalid parameter at LifecyclePolicyText: not JSON');
  }
  repository.lifecyclePolicy = lifecyclePolicyText;
  return { registryId: site.account, repositoryName: repository.shown.repositoryName, lifecyclePolicyText };
}

export function getLifecyclePolicy(
  { repositoryName }: GetLifecyclePolicyRequest,
  { site }: Call,
): GetLifecyclePolicyResponse {
  const { lifecyclePolicy, shown } = site.ecr.repository(repositoryName);
  if (lifecyclePolicy === undefined) {
    throw new AwsError('LifecyclePolicyNotFoundException', 'Lifecycle policy does not exist');
  }
  return {
    registryId: site.account,
    repositoryName: shown.repositoryName,
    lifecyclePolicyText: lifecyclePolicy,
  };
}

export function tagRepository({ resourceArn, tags = [] }: TagResourceRequest, { site }: Call): TagResourceResponse {
  const repository = byArn(site, resourceArn);
  const plain = mergeTags(
    repository.tags.map(({ Key: key, Value: value }) => ({ key, value })),
    tags.map(({ Key: key, Value: value }) => ({ key, value })),
  );
  checkTags(plain, 'InvalidTagParameterException');
  repository.tags = plain.map(({ key: Key, value: Value }) => ({ Key, Value }));
  return {};
}

export function listRepositoryTags(
  { resourceArn }: ListTagsForResourceRequest,
  { site }: Call,
): ListTagsForResourceResponse {
  return { tags: byArn(site, resourceArn).tags };
}

function byArn(site: Site, arn = '') {
  return site.ecr.repository(arn.split(':repository/')[1]);
}
