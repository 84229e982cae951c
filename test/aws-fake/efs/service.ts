/** EFS: file systems and the access points that are volumes of tenants. */
import type {
  AccessPointDescription,
  CreateAccessPointRequest,
  CreateFileSystemRequest,
  DeleteAccessPointRequest,
  DescribeAccessPointsRequest,
  DescribeAccessPointsResponse,
  DescribeFileSystemsRequest,
  DescribeFileSystemsResponse,
  FileSystemDescription,
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  Tag,
  TagResourceRequest,
} from '@aws-sdk/client-efs';
import { AwsError } from '../aws-error.ts';
import { pause } from '../clock.ts';
import { page } from '../pages.ts';
import type { Call, Service } from '../service.ts';
import type { Site } from '../site.ts';
import { checkTags, mergeTags } from '../tags.ts';

const maxAccessPoints = 10_000;

function createFileSystem(
  { CreationToken = '', Tags = [] }: CreateFileSystemRequest,
  { site }: Call,
): FileSystemDescription {
  const same = [...site.efs.fileSystems.values()].find((each) => each.CreationToken === CreationToken);
  if (same) {
    const text = `File system '${same.FileSystemId}' already exists with creation token '${CreationToken}'`;
    throw new AwsError('FileSystemAlreadyExists', text, 409, { FileSystemId: same.FileSystemId });
  }
  return Object.assign(site.efs.addFileSystem(CreationToken, site.now()), { Tags });
}

function describeFileSystems(input: DescribeFileSystemsRequest, { site }: Call): DescribeFileSystemsResponse {
  if (input.FileSystemId) return { FileSystems: [site.efs.fileSystem(input.FileSystemId)] };
  const { items, next } = page([...site.efs.fileSystems.values()], input.Marker, input.MaxItems ?? 100, 'BadRequest');
  return { FileSystems: items, ...(next && { NextMarker: next }) };
}

function createAccessPoint(input: CreateAccessPointRequest, { site }: Call): AccessPointDescription {
  const { ClientToken = '', FileSystemId, PosixUser, RootDirectory, Tags = [] } = input;
  const fileSystem = site.efs.fileSystem(FileSystemId);
  checkTags(plain(Tags), 'BadRequest');
  const all = [...site.efs.accessPoints.values()];
  const same = all.find((each) => each.ClientToken === ClientToken);
  if (same) {
    const text = 'An access point with this client token already exists';
    throw new AwsError('AccessPointAlreadyExists', text, 409, { AccessPointId: same.AccessPointId });
  }
  if (all.filter((each) => each.FileSystemId === fileSystem.FileSystemId).length >= maxAccessPoints) {
    throw new AwsError('AccessPointLimitExceeded', 'The file system has as many access points as it can', 403);
  }
  const path = RootDirectory?.Path ?? '/';
  if (!path.startsWith('/') || path.split('/').length > 5)
    throw new AwsError('BadRequest', 'Invalid root directory path');
  const id = site.efs.newAccessPointId();
  const point: AccessPointDescription = {
    ClientToken,
    AccessPointId: id,
    AccessPointArn: site.efs.accessPointArn(id),
    FileSystemId: fileSystem.FileSystemId,
    ...(PosixUser && { PosixUser }),
    RootDirectory: { Path: path, ...RootDirectory },
    OwnerId: site.account,
    LifeCycleState: 'creating',
    Tags,
    ...nameOf(Tags),
  };
  site.efs.accessPoints.set(id, point);
  const { clock, habits, failures } = site.world;
  const answer = { ...point };
  pause(clock, habits.accessPointMs)
    .then(() => {
      point.LifeCycleState = 'available';
    })
    .catch((error) => failures.push(error));
  return answer;
}

function describeAccessPoints(input: DescribeAccessPointsRequest, { site }: Call): DescribeAccessPointsResponse {
  const { AccessPointId, FileSystemId, MaxResults = 100, NextToken } = input;
  if (AccessPointId && FileSystemId)
    throw new AwsError('BadRequest', 'Give an access point or a file system, not both');
  if (AccessPointId) return { AccessPoints: [site.efs.accessPoint(AccessPointId)] };
  const wanted = FileSystemId && site.efs.fileSystem(FileSystemId).FileSystemId;
  const found = [...site.efs.accessPoints.values()].filter((each) => !wanted || each.FileSystemId === wanted);
  const { items, next } = page(found, NextToken, MaxResults, 'BadRequest');
  return { AccessPoints: items, ...(next && { NextToken: next }) };
}

/** The files stay. */
function deleteAccessPoint({ AccessPointId }: DeleteAccessPointRequest, { site }: Call): void {
  site.efs.accessPoints.delete(site.efs.accessPoint(AccessPointId).AccessPointId ?? '');
}

function tagResource({ ResourceId, Tags = [] }: TagResourceRequest, { site }: Call): void {
  const holder = holderOf(site, ResourceId);
  const merged = mergeTags(plain(holder.Tags ?? []), plain(Tags));
  checkTags(merged, 'BadRequest');
  holder.Tags = merged.map(({ key: Key, value: Value }) => ({ Key, Value }));
}

function listTagsForResource({ ResourceId }: ListTagsForResourceRequest, { site }: Call): ListTagsForResourceResponse {
  return { Tags: holderOf(site, ResourceId).Tags ?? [] };
}

function holderOf({ efs }: Site, id = ''): { Tags?: Tag[] | undefined } {
  return /fsap-/.test(id) ? efs.accessPoint(id) : efs.fileSystem(id);
}

const plain = (tags: Tag[]) => tags.map(({ Key: key, Value: value }) => ({ key, value }));

function nameOf(tags: Tag[]) {
  const name = tags.find(({ Key }) => Key === 'Name')?.Value;
  return name === undefined ? {} : { Name: name };
}

export const elasticFileSystem: Service = {
  iamName: 'elasticfilesystem',
  signingName: 'elasticfilesystem',
  modelName: 'efs',
  sdkPackage: '@aws-sdk/client-efs',
  invalidCode: () => 'BadRequest',
  resource: (_operation, input, site) => {
    if (input.AccessPointId) return site.efs.accessPointArn(String(input.AccessPointId));
    return input.FileSystemId ? site.arn('elasticfilesystem', `file-system/${input.FileSystemId}`) : '*';
  },
  handlers: {
    CreateFileSystem: createFileSystem,
    DescribeFileSystems: describeFileSystems,
    CreateAccessPoint: createAccessPoint,
    DescribeAccessPoints: describeAccessPoints,
    DeleteAccessPoint: deleteAccessPoint,
    TagResource: tagResource,
    ListTagsForResource: listTagsForResource,
  },
};
