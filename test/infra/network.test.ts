import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { describe, expect, test } from 'vitest';
import { Longshore } from '../../infra/constructs/longshore.ts';
import { quickApp, type Resource, standInBundles, synthesised } from './synthesised.ts';

describe('the way out', () => {
  test('is one NAT gateway, or one in each zone', () => {
    synthesised().template('network').resourceCountIs('AWS::EC2::NatGateway', 1);
    synthesised({ network: { natPerZone: true } })
      .template('network')
      .resourceCountIs('AWS::EC2::NatGateway', 2);
    const zones = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'];
    const three = synthesised({
      account: '123456789012',
      region: 'eu-central-1',
      network: { natPerZone: true, zones },
    }).template('network');
    three.resourceCountIs('AWS::EC2::NatGateway', 3);
    three.resourceCountIs('AWS::EC2::Subnet', 12);
  });

  test('may be a small instance that only the VPC can use', () => {
    const template = synthesised({ network: { egress: 'nat-instance' } }).template('network');
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.hasResourceProperties('AWS::EC2::Instance', {
      InstanceType: 't4g.nano',
      SourceDestCheck: false,
      BlockDeviceMappings: [Match.objectLike({ Ebs: Match.objectLike({ Encrypted: true }) })],
    });
    const groups = Object.values(template.findResources('AWS::EC2::SecurityGroup')) as Resource[];
    const sources = groups.flatMap(({ Properties }) =>
      ((Properties.SecurityGroupIngress ?? []) as { CidrIp: string }[]).map(({ CidrIp }) => CidrIp),
    );
    expect(sources).toEqual(['10.70.0.0/16']);
  });

  test('may lead to AWS only: an endpoint for each service that is called', () => {
    const template = synthesised({ network: { egress: 'endpoints' } }).template('network');
    template.resourceCountIs('AWS::EC2::InternetGateway', 0);
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    const names = (Object.values(template.findResources('AWS::EC2::VPCEndpoint')) as Resource[]).map(({ Properties }) =>
      JSON.stringify(Properties.ServiceName),
    );
    const services = [
      's3',
      'ecs',
      'ecr.api',
      'ecr.dkr',
      'logs',
      'secretsmanager',
      'ssm',
      'ssmmessages',
      'sts',
      'ec2',
      'events',
      'elasticfilesystem',
      'servicediscovery',
      'codebuild',
    ];
    for (const service of services)
      expect(names.filter((name) => name.includes(`.${service}"`) || name.includes(`${service}"]`))).toHaveLength(1);
    expect(names).toHaveLength(services.length);
    const fewer = synthesised({
      network: { egress: 'endpoints' },
      tenants: { volumes: false, names: false, builds: false },
    }).template('network');
    fewer.resourceCountIs('AWS::EC2::VPCEndpoint', services.length - 3);
  });
});

test("tenants' tasks may stand in public subnets", () => {
  const template = synthesised({ tenants: { publicAddresses: true } }).template('network');
  const subnets = Object.values(template.findResources('AWS::EC2::Subnet')) as Resource[];
  const tenants = subnets.filter(({ Properties }) => JSON.stringify(Properties.Tags).includes('/tenantsSubnet'));
  expect(tenants.map(({ Properties }) => [Properties.CidrBlock, Properties.MapPublicIpOnLaunch])).toEqual([
    ['10.70.0.0/18', true],
    ['10.70.64.0/18', true],
  ]);
});

test('a VPC that is there is used as it is', () => {
  const app = quickApp();
  const vpc = new Vpc(new Stack(app, 'Theirs'), 'Vpc', { maxAzs: 2 });
  const { stacks } = new Longshore(app, 'Longshore', { stage: 'test', vpc, bundles: standInBundles() });
  expect(stacks.map(({ stackName }) => stackName)).toEqual([
    'longshore-test-data',
    'longshore-test-tenants',
    'longshore-test-control-plane',
  ]);
  for (const stack of stacks) Template.fromStack(stack).resourceCountIs('AWS::EC2::VPC', 0);
});
