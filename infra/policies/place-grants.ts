/** The provider's rights on what containers stand in: networks, names, volumes. See provider-grants.ts. */
import type { Settings } from '../settings.ts';
import type { Arns } from './arns.ts';
import type { Grant } from './grant.ts';

export interface ProviderPlaces {
  prefix: string;
  arns: Arns;
  vpcArn: string;
  /** Null: there are no volumes, names, builds. */
  fileSystemArn: string | null;
  namespaceArn: string | null;
  hostedZoneArn: string | null;
  hasBuilds: boolean;
  /** Whether builds and pushes have a role of each tenant's own. */
  roles: Settings['tenants']['roles'];
  hasPushes: boolean;
}

export const own = (what: string): string =>
  `Longshore makes ${what} at run time, so that their names are known by the prefix of this stage only.`;
/** Only what is made with the mark of an installation, and thereafter only what bears it. */
export const marked = { Null: { 'aws:RequestTag/longshore:install': 'false' } };
const bearing = { Null: { 'aws:ResourceTag/longshore:install': 'false' } };

export function networks({ arns, vpcArn }: ProviderPlaces): Grant[] {
  const ids = 'AWS gives a security group its id when it is made; the conditions keep it to';
  return [
    {
      why: 'EC2 has no resource for descriptions.',
      actions: ['ec2:DescribeSecurityGroups', 'ec2:DescribeNetworkInterfaces'],
      resources: ['*'],
    },
    {
      why: `${ids} groups with our mark.`,
      actions: ['ec2:CreateSecurityGroup'],
      resources: [arns.securityGroups],
      conditions: marked,
    },
    { why: 'One VPC, no wildcard.', actions: ['ec2:CreateSecurityGroup'], resources: [vpcArn] },
    {
      why: `${ids} the moment of making one.`,
      actions: ['ec2:CreateTags'],
      resources: [arns.securityGroups],
      conditions: { StringEquals: { 'ec2:CreateAction': 'CreateSecurityGroup' } },
    },
    {
      why: `${ids} groups with our mark in this VPC.`,
      actions: ['ec2:AuthorizeSecurityGroupIngress', 'ec2:DeleteSecurityGroup'],
      resources: [arns.securityGroups],
      conditions: { ...bearing, ArnEquals: { 'ec2:Vpc': vpcArn } },
    },
  ];
}

export function names({ arns, namespaceArn, hostedZoneArn }: ProviderPlaces): Grant[] {
  if (namespaceArn === null || hostedZoneArn === null) return [];
  return [
    { why: 'One namespace, no wildcard.', actions: ['servicediscovery:GetNamespace'], resources: [namespaceArn] },
    {
      why: 'Cloud Map gives a service its id when it is made; the condition keeps it to this namespace.',
      actions: ['servicediscovery:CreateService'],
      resources: [namespaceArn, arns.nameServices],
      conditions: { ArnEquals: { 'servicediscovery:NamespaceArn': namespaceArn } },
    },
    {
      why: 'Cloud Map gives a service its id when it is made, and has no condition for the namespace of one that is there.',
      actions: [
        'servicediscovery:DeleteService',
        'servicediscovery:RegisterInstance',
        'servicediscovery:DeregisterInstance',
      ],
      resources: [arns.nameServices],
    },
    {
      why: 'Cloud Map has no resource for the list of services.',
      actions: ['servicediscovery:ListServices'],
      resources: ['*'],
    },
    {
      why: 'One hosted zone, no wildcard.',
      actions: ['route53:ChangeResourceRecordSets', 'route53:GetHostedZone', 'route53:ListResourceRecordSets'],
      resources: [hostedZoneArn],
    },
  ];
}

export function volumes({ arns, fileSystemArn }: ProviderPlaces): Grant[] {
  if (fileSystemArn === null) return [];
  const ids = 'AWS gives an access point its id when it is made';
  return [
    {
      why: 'One file system, no wildcard.',
      actions: ['elasticfilesystem:CreateAccessPoint'],
      resources: [fileSystemArn],
      conditions: marked,
    },
    {
      why: `${ids}; describing changes nothing.`,
      actions: ['elasticfilesystem:DescribeAccessPoints'],
      resources: [fileSystemArn, arns.accessPoints],
    },
    {
      why: `${ids}; the condition keeps it to the moment of making one.`,
      actions: ['elasticfilesystem:TagResource'],
      resources: [fileSystemArn, arns.accessPoints],
      conditions: { StringEquals: { 'elasticfilesystem:CreateAction': 'CreateAccessPoint' } },
    },
    {
      why: `${ids}; the condition keeps it to those with our mark.`,
      actions: ['elasticfilesystem:DeleteAccessPoint'],
      resources: [arns.accessPoints],
      conditions: bearing,
    },
  ];
}
