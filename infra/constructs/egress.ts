/** How what has no public address reaches AWS and the internet: NAT gateways, one small NAT instance in their place, or interface endpoints of AWS. */
import {
  InterfaceVpcEndpointAwsService as AwsService,
  InstanceClass,
  InstanceSize,
  InstanceType,
  type IVpc,
  type NatInstanceProviderV2,
  NatProvider,
  NatTrafficDirection,
  Peer,
  Port,
  SecurityGroup,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acknowledge } from '../policies/grant.ts';
import type { Settings } from '../settings.ts';

/** What the functions and ECS's agent call: src/providers/aws/clients.ts, and what the functions themselves need. */
export function endpointServices({ volumes, names, builds }: Settings['tenants']): Record<string, AwsService> {
  return {
    Ecs: AwsService.ECS,
    EcrApi: AwsService.ECR,
    EcrDocker: AwsService.ECR_DOCKER,
    Logs: AwsService.CLOUDWATCH_LOGS,
    Secrets: AwsService.SECRETS_MANAGER,
    Ssm: AwsService.SSM,
    SsmMessages: AwsService.SSM_MESSAGES,
    Sts: AwsService.STS,
    Ec2: AwsService.EC2,
    Events: AwsService.EVENTBRIDGE,
    ...(volumes && { Efs: AwsService.ELASTIC_FILESYSTEM }),
    ...(names && { Discovery: AwsService.CLOUD_MAP_SERVICE_DISCOVERY }),
    ...(builds && { CodeBuild: AwsService.CODEBUILD }),
  };
}

export class Endpoints extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { vpc, subnets, settings }: { vpc: IVpc; subnets: SubnetSelection; settings: Settings },
  ) {
    super(scope, id);
    const group = new SecurityGroup(this, 'Group', {
      vpc,
      description: 'HTTPS from the VPC to endpoints of AWS',
      allowAllOutbound: false,
    });
    group.addIngressRule(Peer.ipv4(settings.network.range), Port.tcp(443), 'HTTPS');
    for (const [name, service] of Object.entries(endpointServices(settings.tenants))) {
      vpc.addInterfaceEndpoint(name, { service, subnets, securityGroups: [group], open: false });
    }
  }
}

/** One Graviton machine per gateway: a tenth of a NAT gateway's price, without its second machine. For stages that may be away for minutes. */
export const natInstance = (): NatInstanceProviderV2 =>
  NatProvider.instanceV2({
    instanceType: InstanceType.of(InstanceClass.T4G, InstanceSize.NANO),
    defaultAllowedTraffic: NatTrafficDirection.OUTBOUND_ONLY,
  });

/** @param range of the VPC */
export function closeNatInstance(provider: NatInstanceProviderV2, range: string): void {
  provider.connections.allowFrom(Peer.ipv4(range), Port.allTraffic(), 'What the VPC sends to the internet');
  for (const machine of provider.gatewayInstances) {
    const { instance } = machine;
    instance.blockDeviceMappings = [
      { deviceName: '/dev/xvda', ebs: { encrypted: true, volumeType: 'gp3', volumeSize: 8 } },
    ];
    instance.metadataOptions = { httpTokens: 'required', httpPutResponseHopLimit: 1 };
    acknowledge(
      machine,
      'AwsSolutions-EC28',
      'Minutes suffice to see that a NAT instance of a stage without standby is away.',
    );
    acknowledge(
      machine,
      'AwsSolutions-EC29',
      'A NAT instance holds nothing, and CloudFormation must be able to put another in its place.',
    );
  }
}
