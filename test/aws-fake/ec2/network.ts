/** Subnets, interfaces, the VPC, and tags. */
import type {
  CreateTagsRequest,
  DeleteTagsRequest,
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
  DescribeVpcsRequest,
  DescribeVpcsResult,
} from '@aws-sdk/client-ec2';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call } from '../service.ts';
import { checkTags } from '../tags.ts';
import { matches } from './filters.ts';

export function describeSubnets(input: DescribeSubnetsRequest, { site }: Call): DescribeSubnetsResult {
  const { SubnetIds, Filters, MaxResults = 1000, NextToken } = input;
  const missing = SubnetIds?.find((id) => !site.ec2.subnets.has(id));
  if (missing) throw new AwsError('InvalidSubnetID.NotFound', `The subnet ID '${missing}' does not exist`);
  const found = [...site.ec2.subnets.values()].filter((subnet) => {
    if (SubnetIds && !SubnetIds.includes(subnet.SubnetId ?? '')) return false;
    const values = {
      'subnet-id': [subnet.SubnetId],
      'vpc-id': [subnet.VpcId],
      'availability-zone': [subnet.AvailabilityZone],
      state: [subnet.State],
    };
    return matches(Filters, values, site.ec2.tags.get(subnet.SubnetId ?? '') ?? []);
  });
  const { items, next } = page(found, NextToken, MaxResults, 'InvalidNextToken');
  return { Subnets: items, ...(next && { NextToken: next }) };
}

export function describeNetworkInterfaces(
  input: DescribeNetworkInterfacesRequest,
  { site }: Call,
): DescribeNetworkInterfacesResult {
  const { NetworkInterfaceIds, Filters, MaxResults = 1000, NextToken } = input;
  const missing = NetworkInterfaceIds?.find((id) => !site.ec2.interfaces.has(id));
  if (missing) {
    throw new AwsError('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${missing}' does not exist`);
  }
  const found = [...site.ec2.interfaces.values()].filter((each) => {
    if (NetworkInterfaceIds && !NetworkInterfaceIds.includes(each.NetworkInterfaceId ?? '')) return false;
    const values = {
      'network-interface-id': [each.NetworkInterfaceId],
      'subnet-id': [each.SubnetId],
      'vpc-id': [each.VpcId],
      'group-id': each.Groups?.map(({ GroupId }) => GroupId) ?? [],
      'private-ip-address': [each.PrivateIpAddress],
      'addresses.private-ip-address': [each.PrivateIpAddress],
      'association.public-ip': [each.Association?.PublicIp],
      description: [each.Description],
      status: [each.Status],
    };
    return matches(Filters, values, []);
  });
  const { items, next } = page(found, NextToken, MaxResults, 'InvalidNextToken');
  return { NetworkInterfaces: items, ...(next && { NextToken: next }) };
}

export function describeVpcs({ VpcIds, Filters }: DescribeVpcsRequest, { site }: Call): DescribeVpcsResult {
  const { vpc } = site.ec2;
  const missing = VpcIds?.find((id) => id !== vpc.VpcId);
  if (missing) throw new AwsError('InvalidVpcID.NotFound', `The vpc ID '${missing}' does not exist`);
  const values = { 'vpc-id': [vpc.VpcId], 'is-default': [String(vpc.IsDefault)], state: [vpc.State] };
  return { Vpcs: matches(Filters, values, []) ? [vpc] : [] };
}

export function createTags({ Resources = [], Tags = [] }: CreateTagsRequest, { site }: Call): void {
  checkTags(
    Tags.map(({ Key }) => ({ key: Key })),
    'TagLimitExceeded',
  );
  for (const id of Resources) {
    if (!site.ec2.has(id)) throw new AwsError('InvalidID', `The ID '${id}' is not valid`);
    const merged = new Map([...(site.ec2.tags.get(id) ?? []), ...Tags].map((tag) => [tag.Key, tag]));
    site.ec2.setTags(id, [...merged.values()]);
  }
}

export function deleteTags({ Resources = [], Tags }: DeleteTagsRequest, { site }: Call): void {
  const gone = Tags?.map(({ Key }) => Key);
  for (const id of Resources) {
    const kept = (site.ec2.tags.get(id) ?? []).filter(({ Key }) => gone !== undefined && !gone.includes(Key));
    site.ec2.setTags(id, kept);
  }
}
