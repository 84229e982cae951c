/** What tenants' tasks, builds and pushes may do, in all or of one tenant: by `arns`. docs/aws.md says what each is for. */
import type { Arns } from './arns.ts';
import type { Grant } from './grant.ts';

export interface TenantPlaces {
  prefix: string;
  arns: Arns;
  fileSystemArn: string | null;
  hasSecrets: boolean;
}

const byName = 'What a tenant has is called by the prefix of this stage and the tenant, and made at run time.';

const registry: Grant = {
  why: 'ECR has no resource for the password of a registry; what it opens, the statements on repositories decide.',
  actions: ['ecr:GetAuthorizationToken'],
  resources: ['*'],
};
const pulling = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'];
const pushing = ['InitiateLayerUpload', 'UploadLayerPart', 'CompleteLayerUpload', 'PutImage'].map(
  (name) => `ecr:${name}`,
);

/** Of ECS's own agent, which no process of a tenant can use: it pulls, writes the log and reads secrets before the container runs. */
export const execGrants = ({ arns, hasSecrets }: TenantPlaces): Grant[] => [
  registry,
  { why: byName, actions: pulling, resources: [arns.repositories] },
  { why: byName, actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [arns.logStreams] },
  ...(hasSecrets ? [{ why: byName, actions: ['secretsmanager:GetSecretValue'], resources: [arns.secrets] }] : []),
];

/** Of the containers themselves, whose processes can use it. */
export const taskGrants = ({ arns, fileSystemArn }: TenantPlaces): Grant[] => [
  {
    why: "ECS Exec's channels have no resource in IAM; they carry what Longshore opens, and nothing else can be reached with them.",
    actions: ['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel'].map(
      (name) => `ssmmessages:${name}`,
    ),
    resources: ['*'],
  },
  ...(fileSystemArn === null
    ? []
    : [
        {
          why: 'One file system, no wildcard.',
          actions: [
            'elasticfilesystem:ClientMount',
            'elasticfilesystem:ClientWrite',
            'elasticfilesystem:ClientRootAccess',
          ],
          resources: [fileSystemArn],
          // Never the root of all volumes: an access point, whose id nobody can guess, over a mount target of ours.
          conditions: {
            ArnLike: { 'elasticfilesystem:AccessPointArn': arns.accessPoints },
            Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' },
          },
        },
      ]),
];

export const pushGrants = ({ arns }: TenantPlaces): Grant[] => [
  registry,
  { why: byName, actions: [...pulling, ...pushing], resources: [arns.repositories] },
];

export const buildGrants = (places: TenantPlaces): Grant[] => [
  ...pushGrants(places),
  {
    why: 'The files of a build are objects below the prefix and removed after it.',
    actions: ['s3:GetObject', 's3:GetObjectVersion'],
    resources: [`${places.arns.bucket}/${places.prefix}/builds/*`],
  },
  {
    why: 'One bucket, no wildcard.',
    actions: ['s3:ListBucket'],
    resources: [places.arns.bucket],
    conditions: { StringLike: { 's3:prefix': `${places.prefix}/builds/*` } },
  },
  {
    why: 'One bucket, no wildcard.',
    actions: ['s3:GetBucketAcl', 's3:GetBucketLocation'],
    resources: [places.arns.bucket],
  },
  {
    why: byName,
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [places.arns.logGroups, places.arns.logStreams],
  },
];

/** The most that any role of a tenant may ever do, whatever is added to it later. */
export const boundaryGrants = (places: TenantPlaces): Grant[] => [
  ...execGrants(places),
  ...taskGrants(places),
  ...buildGrants(places).slice(1),
];
