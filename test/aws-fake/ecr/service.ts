/** Amazon ECR's API. What Docker itself speaks to is registry.ts. */
import type { GetAuthorizationTokenRequest, GetAuthorizationTokenResponse } from '@aws-sdk/client-ecr';
import type { Call, Service } from '../service.ts';
import { batchDeleteImage, batchGetImage, describeImages, listImages, putImage } from './images.ts';
import {
  batchCheckLayerAvailability,
  completeLayerUpload,
  getDownloadUrlForLayer,
  initiateLayerUpload,
  uploadLayerPart,
} from './layers.ts';
import {
  createRepository,
  deleteRepository,
  describeRepositories,
  getLifecyclePolicy,
  getRepositoryPolicy,
  listRepositoryTags,
  putImageTagMutability,
  putLifecyclePolicy,
  setRepositoryPolicy,
  tagRepository,
} from './repositories.ts';

function getAuthorizationToken(
  _input: GetAuthorizationTokenRequest,
  { site, identity }: Call,
): GetAuthorizationTokenResponse {
  const { password, expiresAtMs } = site.world.logins.issue(site.account, site.region, identity);
  const authorizationToken = Buffer.from(`AWS:${password}`).toString('base64');
  const proxyEndpoint = `${new URL(site.world.url).protocol}//${site.ecr.pushHost()}`;
  return { authorizationData: [{ authorizationToken, expiresAt: new Date(expiresAtMs), proxyEndpoint }] };
}

export const ecr: Service = {
  iamName: 'ecr',
  signingName: 'ecr',
  modelName: 'ecr',
  sdkPackage: '@aws-sdk/client-ecr',
  invalidCode: () => 'InvalidParameterException',
  resource: (_operation, input, site) => {
    if (input.resourceArn) return String(input.resourceArn);
    return input.repositoryName ? site.arn('ecr', `repository/${input.repositoryName}`) : '*';
  },
  handlers: {
    CreateRepository: createRepository,
    DescribeRepositories: describeRepositories,
    DeleteRepository: deleteRepository,
    PutImageTagMutability: putImageTagMutability,
    SetRepositoryPolicy: setRepositoryPolicy,
    GetRepositoryPolicy: getRepositoryPolicy,
    PutLifecyclePolicy: putLifecyclePolicy,
    GetLifecyclePolicy: getLifecyclePolicy,
    TagResource: tagRepository,
    ListTagsForResource: listRepositoryTags,
    GetAuthorizationToken: getAuthorizationToken,
    PutImage: putImage,
    BatchGetImage: batchGetImage,
    DescribeImages: describeImages,
    ListImages: listImages,
    BatchDeleteImage: batchDeleteImage,
    BatchCheckLayerAvailability: batchCheckLayerAvailability,
    InitiateLayerUpload: initiateLayerUpload,
    UploadLayerPart: uploadLayerPart,
    CompleteLayerUpload: completeLayerUpload,
    GetDownloadUrlForLayer: getDownloadUrlForLayer,
  },
};
