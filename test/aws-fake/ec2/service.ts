/** EC2, as far as the network of Fargate's tasks goes. */
import type { Service } from '../service.ts';
import { createTags, deleteTags, describeNetworkInterfaces, describeSubnets, describeVpcs } from './network.ts';
import {
  authorize,
  createSecurityGroup,
  deleteSecurityGroup,
  describeSecurityGroups,
  revoke,
} from './security-groups.ts';

export const ec2: Service = {
  iamName: 'ec2',
  signingName: 'ec2',
  modelName: 'ec2',
  sdkPackage: '@aws-sdk/client-ec2',
  invalidCode: ({ kind }) => (kind === 'required' ? 'MissingParameter' : 'InvalidParameterValue'),
  resource: (operation, input, site) => {
    if (operation.startsWith('Describe')) return '*';
    return input.GroupId === undefined ? '*' : site.arn('ec2', `security-group/${input.GroupId}`);
  },
  handlers: {
    CreateSecurityGroup: createSecurityGroup,
    DescribeSecurityGroups: describeSecurityGroups,
    DeleteSecurityGroup: deleteSecurityGroup,
    AuthorizeSecurityGroupIngress: authorize('IpPermissions'),
    AuthorizeSecurityGroupEgress: authorize('IpPermissionsEgress'),
    RevokeSecurityGroupIngress: revoke('IpPermissions'),
    RevokeSecurityGroupEgress: revoke('IpPermissionsEgress'),
    DescribeNetworkInterfaces: describeNetworkInterfaces,
    DescribeSubnets: describeSubnets,
    DescribeVpcs: describeVpcs,
    CreateTags: createTags,
    DeleteTags: deleteTags,
  },
};
