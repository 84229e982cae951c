/** Security groups and their rules. */
import type {
  AuthorizeSecurityGroupIngressRequest,
  AuthorizeSecurityGroupIngressResult,
  CreateSecurityGroupRequest,
  CreateSecurityGroupResult,
  DeleteSecurityGroupRequest,
  DeleteSecurityGroupResult,
  DescribeSecurityGroupsRequest,
  DescribeSecurityGroupsResult,
  IpPermission,
  RevokeSecurityGroupIngressRequest,
  RevokeSecurityGroupIngressResult,
} from '@aws-sdk/client-ec2';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call } from '../service.ts';
import type { Site } from '../site.ts';
import { matches } from './filters.ts';

type Direction = 'IpPermissions' | 'IpPermissionsEgress';

const maxRules = 60;

export function createSecurityGroup(input: CreateSecurityGroupRequest, { site }: Call): CreateSecurityGroupResult {
  const { GroupName = '', Description = '', VpcId = site.ec2.vpc.VpcId, TagSpecifications = [] } = input;
  if (VpcId !== site.ec2.vpc.VpcId) {
    throw new AwsError('InvalidVpcID.NotFound', `The vpc ID '${VpcId}' does not exist`);
  }
  if (!/^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/.test(GroupName) || GroupName.startsWith('sg-')) {
    throw new AwsError('InvalidParameterValue', `Value (${GroupName}) for parameter GroupName is invalid`);
  }
  if (!/^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/.test(Description)) {
    throw new AwsError('InvalidParameterValue', 'Invalid security group description');
  }
  if ([...site.ec2.groups.values()].some((group) => group.GroupName === GroupName)) {
    const text = `The security group '${GroupName}' already exists for VPC '${VpcId}'`;
    throw new AwsError('InvalidGroup.Duplicate', text);
  }
  const GroupId = site.ec2.addGroup(GroupName, Description, VpcId);
  const tags = TagSpecifications.flatMap(({ ResourceType, Tags = [] }) =>
    ResourceType === 'security-group' ? Tags : [],
  );
  site.ec2.setTags(GroupId, tags);
  return { GroupId, SecurityGroupArn: site.arn('ec2', `security-group/${GroupId}`), Tags: tags };
}

export function describeSecurityGroups(
  input: DescribeSecurityGroupsRequest,
  { site }: Call,
): DescribeSecurityGroupsResult {
  const { GroupIds, GroupNames, Filters, MaxResults = 1000, NextToken } = input;
  for (const id of GroupIds ?? []) groupOf(site, id);
  const found = [...site.ec2.groups.values()]
    .filter(({ GroupId, GroupName = '' }) => {
      if (GroupIds && !GroupIds.includes(GroupId)) return false;
      return !GroupNames || GroupNames.includes(GroupName);
    })
    .map((group) => ({ ...group, Tags: site.ec2.tags.get(group.GroupId) ?? [] }))
    .filter(({ GroupId, GroupName, VpcId, Description, OwnerId, Tags }) => {
      const values = { 'group-id': [GroupId], 'group-name': [GroupName], 'vpc-id': [VpcId], 'owner-id': [OwnerId] };
      return matches(Filters, { ...values, description: [Description] }, Tags);
    });
  const { items, next } = page(found, NextToken, MaxResults, 'InvalidNextToken');
  return { SecurityGroups: items, ...(next && { NextToken: next }) };
}

/** Not while an interface is in it or another group's rule names it. */
export function deleteSecurityGroup(
  { GroupId = '' }: DeleteSecurityGroupRequest,
  { site }: Call,
): DeleteSecurityGroupResult {
  const group = groupOf(site, GroupId);
  if (group.GroupName === 'default') {
    throw new AwsError('CannotDelete', `the specified group: "${GroupId}" name: "default" cannot be deleted by a user`);
  }
  const isUsed = [...site.ec2.interfaces.values()].some(({ Groups = [] }) =>
    Groups.some((each) => each.GroupId === GroupId),
  );
  const isNamed = [...site.ec2.groups.values()].some(
    (other) =>
      other.GroupId !== GroupId &&
      [...(other.IpPermissions ?? []), ...(other.IpPermissionsEgress ?? [])].some(({ UserIdGroupPairs = [] }) =>
        UserIdGroupPairs.some((pair) => pair.GroupId === GroupId),
      ),
  );
  if (isUsed || isNamed) throw new AwsError('DependencyViolation', `resource ${GroupId} has a dependent object`);
  site.ec2.groups.delete(GroupId);
  site.ec2.tags.delete(GroupId);
  return { Return: true, GroupId };
}

export function authorize(direction: Direction) {
  return (input: AuthorizeSecurityGroupIngressRequest, { site }: Call): AuthorizeSecurityGroupIngressResult => {
    const group = groupOf(site, input.GroupId ?? '');
    const rules = group[direction] ?? [];
    const added = rulesOf(input).map((rule) => owned(site, rule));
    for (const rule of added) {
      if (rules.some((known) => sameRule(known, rule))) {
        throw new AwsError('InvalidPermission.Duplicate', `the specified rule "${ruleText(rule)}" already exists`);
      }
    }
    if (rules.length + added.length > maxRules) {
      throw new AwsError('RulesPerSecurityGroupLimitExceeded', 'The maximum number of rules has been reached.');
    }
    group[direction] = [...rules, ...added];
    return { Return: true };
  };
}

export function revoke(direction: Direction) {
  return (input: RevokeSecurityGroupIngressRequest, { site }: Call): RevokeSecurityGroupIngressResult => {
    const group = groupOf(site, input.GroupId ?? '');
    const removed = rulesOf(input).map((rule) => owned(site, rule));
    const missing = removed.find((rule) => !(group[direction] ?? []).some((known) => sameRule(known, rule)));
    if (missing) {
      throw new AwsError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
    group[direction] = (group[direction] ?? []).filter((known) => !removed.some((rule) => sameRule(known, rule)));
    return { Return: true };
  };
}

function rulesOf({ IpPermissions = [], ...flat }: AuthorizeSecurityGroupIngressRequest): IpPermission[] {
  if (IpPermissions.length > 0) return IpPermissions;
  const { IpProtocol, FromPort, ToPort, CidrIp } = flat;
  if (!IpProtocol) throw new AwsError('MissingParameter', 'Either ipPermissions or ipProtocol should be provided');
  return [{ IpProtocol, FromPort, ToPort, ...(CidrIp && { IpRanges: [{ CidrIp }] }) }];
}

/** As it is kept: the account of each group that it names, which must be there. */
function owned(site: Site, { UserIdGroupPairs = [], ...rule }: IpPermission): IpPermission {
  const { IpProtocol, FromPort, ToPort } = rule;
  if ((IpProtocol === 'tcp' || IpProtocol === 'udp') && (FromPort === undefined || ToPort === undefined)) {
    throw new AwsError('InvalidParameterValue', `Invalid value for portRange. Must specify both from and to ports.`);
  }
  const pairs = UserIdGroupPairs.map(({ GroupId = '' }) => ({ GroupId, UserId: site.account }));
  for (const { GroupId } of pairs) groupOf(site, GroupId);
  return { ...rule, ...(pairs.length > 0 && { UserIdGroupPairs: pairs }) };
}

function sameRule(a: IpPermission, b: IpPermission): boolean {
  return ruleText(a) === ruleText(b);
}

function ruleText({
  IpProtocol,
  FromPort,
  ToPort,
  IpRanges = [],
  Ipv6Ranges = [],
  UserIdGroupPairs = [],
}: IpPermission) {
  const peers = [
    ...IpRanges.map(({ CidrIp }) => CidrIp),
    ...Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6),
    ...UserIdGroupPairs.map(({ GroupId }) => GroupId),
  ];
  return [...peers.sort(), IpProtocol, FromPort ?? -1, ToPort ?? -1].join(', ');
}

function groupOf(site: Site, id: string) {
  const found = site.ec2.groups.get(id);
  if (!found) throw new AwsError('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
  return found;
}
