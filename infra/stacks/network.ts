/** The VPC: subnets for tenants' tasks, for the functions and for the database, and the way out. A platform team may bring its own instead. */
import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  NatInstanceProviderV2,
  type SubnetConfiguration,
  type SubnetSelection,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { closeNatInstance, Endpoints, natInstance } from '../constructs/egress.ts';
import { keepProviderLogs } from '../constructs/provider-logs.ts';
import { prefixOf, type Settings } from '../settings.ts';

export interface Places {
  vpc: IVpc;
  tenants: SubnetSelection;
  functions: SubnetSelection;
  database: SubnetSelection;
}

export class NetworkStack extends Stack {
  readonly places: Places;

  constructor(scope: Construct, id: string, settings: Settings, props: StackProps) {
    super(scope, id, props);
    const { range, zones, egress, natPerZone } = settings.network;
    const provider = egress === 'nat-instance' ? natInstance() : undefined;
    const gateways = natPerZone ? zones.length || 2 : 1;
    const vpc = new Vpc(this, 'Vpc', {
      vpcName: prefixOf(settings),
      ipAddresses: IpAddresses.cidr(range),
      ...(zones.length > 0 ? { availabilityZones: zones } : { maxAzs: 2 }),
      natGateways: egress === 'endpoints' ? 0 : gateways,
      ...(provider && { natGatewayProvider: provider }),
      subnetConfiguration: subnets(settings),
      restrictDefaultSecurityGroup: true,
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
    });
    const places = { vpc, tenants: named('tenants'), functions: named('functions'), database: named('database') };
    if (provider instanceof NatInstanceProviderV2) closeNatInstance(provider, range);
    if (egress === 'endpoints') {
      new Endpoints(this, 'Endpoints', { vpc, subnets: places.functions, settings });
    }
    vpc.addFlowLog('Refused', {
      trafficType: FlowLogTrafficType.REJECT,
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'RefusedLog', { retention: settings.logDays, removalPolicy: RemovalPolicy.DESTROY }),
      ),
    });
    keepProviderLogs(this, settings.logDays);
    this.places = places;
  }
}

const named = (subnetGroupName: string): SubnetSelection => ({ subnetGroupName });

function subnets({ network: { range, egress }, tenants, service }: Settings): SubnetConfiguration[] {
  const mask = Number(range.split('/')[1]);
  const inside = egress === 'endpoints' ? SubnetType.PRIVATE_ISOLATED : SubnetType.PRIVATE_WITH_EGRESS;
  const needsPublic = egress !== 'endpoints' || service?.public === true;
  return [
    { name: 'tenants', subnetType: tenants.publicAddresses ? SubnetType.PUBLIC : inside, cidrMask: mask + 2 },
    { name: 'functions', subnetType: inside, cidrMask: mask + 6 },
    { name: 'database', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: mask + 10 },
    ...(needsPublic ? [{ name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: mask + 10 }] : []),
  ];
}

/** Of a VPC that is somebody else's: private subnets with a way out, and isolated ones for the database where there are any. */
export function placesIn(vpc: IVpc, { tenants }: Settings): Places {
  const inside = { subnetType: SubnetType.PRIVATE_WITH_EGRESS };
  return {
    vpc,
    tenants: tenants.publicAddresses ? { subnetType: SubnetType.PUBLIC } : inside,
    functions: inside,
    database: vpc.isolatedSubnets.length > 0 ? { subnetType: SubnetType.PRIVATE_ISOLATED } : inside,
  };
}
