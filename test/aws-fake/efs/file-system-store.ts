/** EFS file systems and their access points. A path of a file system is a volume of the local Engine. */
import type { AccessPointDescription, FileSystemDescription } from '@aws-sdk/client-efs';
import { AwsError } from '../aws-error.ts';
import { hexId } from '../random-ids.ts';

export class FileSystemStore {
  readonly fileSystems = new Map<string, FileSystemDescription>();
  readonly accessPoints = new Map<string, AccessPointDescription>();
  private readonly account: string;
  private readonly arnOf: (resource: string) => string;

  constructor(account: string, arnOf: (resource: string) => string) {
    this.account = account;
    this.arnOf = arnOf;
  }

  addFileSystem(token: string, at: Date): FileSystemDescription {
    const id = `fs-${hexId(17)}`;
    const description: FileSystemDescription = {
      OwnerId: this.account,
      CreationToken: token,
      FileSystemId: id,
      FileSystemArn: this.arnOf(`file-system/${id}`),
      CreationTime: at,
      LifeCycleState: 'available',
      NumberOfMountTargets: 2,
      SizeInBytes: { Value: 6144 },
      PerformanceMode: 'generalPurpose',
      Encrypted: true,
      Tags: [],
    };
    this.fileSystems.set(id, description);
    return description;
  }

  fileSystem(id = ''): FileSystemDescription {
    const found = this.fileSystems.get(id.split('/').at(-1) ?? '');
    if (!found) throw new AwsError('FileSystemNotFound', `File system '${id}' does not exist.`, 404);
    return found;
  }

  accessPoint(id = ''): AccessPointDescription {
    const found = this.accessPoints.get(id.split('/').at(-1) ?? '');
    if (!found) throw new AwsError('AccessPointNotFound', `Access point ${id} does not exist.`, 404);
    return found;
  }

  newAccessPointId(): string {
    return `fsap-${hexId(17)}`;
  }

  accessPointArn(id: string): string {
    return this.arnOf(`access-point/${id}`);
  }
}
