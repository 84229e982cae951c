/** EC2's security groups, subnets and interfaces, in its own protocol. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultAccount } from '../front-door.ts';
import { type AwsFake, startAwsFake } from '../server.ts';

const region = 'eu-west-1';
let fake: AwsFake;
let client: EC2Client;

beforeAll(async () => {
  fake = await startAwsFake();
  client = new EC2Client({ region, endpoint: fake.url, credentials: fake.addUser(), maxAttempts: 1 });
});
afterAll(async () => {
  await fake.close();
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
});

const create = async (GroupName: string) => {
  const tags = [{ ResourceType: 'security-group' as const, Tags: [{ Key: 'tenant', Value: GroupName }] }];
  const input = { GroupName, Description: 'of a tenant', TagSpecifications: tags };
  return (await client.send(new CreateSecurityGroupCommand(input))).GroupId ?? '';
};
const find = async (Name: string, value: string) => {
  const filters = { Filters: [{ Name, Values: [value] }] };
  return (await client.send(new DescribeSecurityGroupsCommand(filters))).SecurityGroups ?? [];
};

test('a VPC has subnets in two zones', async () => {
  const { Vpcs: [vpc] = [] } = await client.send(new DescribeVpcsCommand({}));
  const filters = { Filters: [{ Name: 'vpc-id', Values: [vpc?.VpcId ?? ''] }] };
  const { Subnets = [] } = await client.send(new DescribeSubnetsCommand(filters));
  expect(Subnets.map(({ AvailabilityZone }) => AvailabilityZone)).toEqual(['eu-west-1a', 'eu-west-1b']);
  await expect(client.send(new DescribeSubnetsCommand({ SubnetIds: ['subnet-0'] }))).rejects.toMatchObject({
    name: 'InvalidSubnetID.NotFound',
  });
});

test('a group is found by its tags and keeps its rules', async () => {
  const GroupId = await create('a');
  const rule = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] };
  const port = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'all' }] };
  const authorize = () =>
    client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule, port] }));
  await authorize();
  await expect(authorize()).rejects.toMatchObject({ name: 'InvalidPermission.Duplicate' });
  await client.send(new CreateTagsCommand({ Resources: [GroupId], Tags: [{ Key: 'more', Value: 'x' }] }));
  const [found] = await find('tag:tenant', 'a');
  expect(found).toMatchObject({
    GroupId,
    IpPermissions: [{ UserIdGroupPairs: [{ GroupId, UserId: defaultAccount }] }, { FromPort: 80, ToPort: 80 }],
    Tags: [{ Key: 'tenant' }, { Key: 'more', Value: 'x' }],
  });
  await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [port] }));
  expect((await find('group-id', GroupId))[0]?.IpPermissions).toHaveLength(1);
});

test('a group cannot be made twice, and not be deleted while an interface is in it', async () => {
  const GroupId = await create('b');
  await expect(create('b')).rejects.toMatchObject({ name: 'InvalidGroup.Duplicate' });
  const { ec2 } = fake.site(defaultAccount, region);
  const [subnetId = ''] = ec2.subnets.keys();
  const description = 'test';
  const address = { privateIp: '10.0.0.9', mac: '02:00:00:00:00:01', publicIp: '198.51.100.7' };
  const id = ec2.addInterface({ subnetId, groupIds: [GroupId], ...address, description });
  const { NetworkInterfaces } = await client.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }));
  expect(NetworkInterfaces).toMatchObject([
    { PrivateIpAddress: '10.0.0.9', Association: { PublicIp: '198.51.100.7' }, Groups: [{ GroupId }] },
  ]);
  const remove = () => client.send(new DeleteSecurityGroupCommand({ GroupId }));
  await expect(remove()).rejects.toMatchObject({ name: 'DependencyViolation' });
  ec2.removeInterface(id);
  await remove();
  await expect(remove()).rejects.toMatchObject({ name: 'InvalidGroup.NotFound' });
});

test('errors of all services have the names that EC2 has for them', async () => {
  fake.habits.deny.add('ec2:DescribeSubnets');
  const describe = () => client.send(new DescribeSubnetsCommand({}));
  await expect(describe()).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
  fake.habits.deny.clear();
  const stranger = { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' };
  const other = new EC2Client({ region, endpoint: fake.url, credentials: stranger, maxAttempts: 1 });
  await expect(other.send(new DescribeSubnetsCommand({}))).rejects.toMatchObject({ name: 'AuthFailure' });
});
