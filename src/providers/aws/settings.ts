/** What the operator says about the AWS account that containers run in. Region, endpoint and credentials are the SDK's own variables. */

export interface AwsSettings {
  /** Begins the names of clusters, log groups, repositories, security groups and namespaces. */
  prefix: string;
  vpcId: string;
  /** At least one; two availability zones or more survive the lack of capacity in one. */
  subnetIds: readonly string[];
  /** Whether tasks get a public address. Without one a container is published on its private address only. */
  publicAddresses: boolean;
  /** Who may reach published ports, as CIDR ranges. */
  ingressRanges: readonly string[];
  /** Role ARNs; `{tenant}` in them becomes the tenant's id. The task role is needed for exec. */
  executionRole: string;
  taskRole: string | null;
  /** Where images are built, and the role of its machines where it is not the project's own; null: none are. */
  build: { project: string; role: string | null } | null;
  /** Whose sessions push to a tenant's repositories; null: tenants do not. */
  pushRole: string | null;
  /** Bucket of the records of runs and images, and of the files of builds. */
  bucket: string;
  logRetentionDays: number;
  /** File system of the volumes; null: there are none. */
  fileSystemId: string | null;
  /** Whether tasks run on Spot capacity. */
  spot: boolean;
  /** A private DNS namespace of Cloud Map's for containers' names; null: they have none. */
  namespaceId: string | null;
  /** Begins the names of a tenant's secrets; `{tenant}` in it becomes the tenant's id. Null: there are none. */
  secretPrefix: string | null;
  /** An image of socat, which serves published ports under other numbers; null: they are refused. */
  forwarderImage: string | null;
  /** Of the images that are pulled where a registry offers several. */
  architecture: 'amd64' | 'arm64';
  /** URL of the queue that task state changes come through; null: somebody else reads it, or nobody. */
  eventsQueue: string | null;
}

/** A role's ARN for one tenant. */
export const roleOf = (pattern: string, tenantId: string): string => pattern.replaceAll('{tenant}', tenantId);
