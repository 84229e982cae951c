/** What a stage costs a month when nobody uses it, from what its templates hold, and what containers add to that. Pure. */
import { hoursPerMonth, prices } from './prices.ts';
import type { Settings } from './settings.ts';

/** By type, with properties. */
export type Resources = readonly { Type: string; Properties?: Record<string, unknown> }[];

export interface Line {
  what: string;
  /** The arithmetic, without its result. */
  sum: string;
  dollars: number;
}

/** A poller of Lambda's asks a queue for 20 s at a time, and a queue has five of them. */
const queuePollers = 5;
const pollSeconds = 20;

export function costsAtRest(settings: Settings, resources: Resources): Line[] {
  const count = (type: string, like: (properties: Record<string, unknown>) => boolean = () => true): number =>
    resources.filter(({ Type, Properties = {} }) => Type === type && like(Properties)).length;
  const hourly = (what: string, number: number, price: number): Line => ({
    what,
    sum: `${number} × $${price} × ${hoursPerMonth} h`,
    dollars: number * price * hoursPerMonth,
  });
  const monthly = (what: string, number: number, price: number): Line => ({
    what,
    sum: `${number} × $${price}`,
    dollars: number * price,
  });

  const zones = Math.max(2, settings.network.zones.length);
  const endpoints = count('AWS::EC2::VPCEndpoint', ({ VpcEndpointType }) => VpcEndpointType === 'Interface') * zones;
  const machines = count('AWS::EC2::Instance');
  const { service, database, api } = settings;
  const balanced = service?.public ? zones : 0;
  const addresses = count('AWS::EC2::EIP') + machines + balanced;
  // Who never pauses keeps at least half a unit.
  const awake = service === null ? database.minimumUnits : Math.max(0.5, database.minimumUnits);
  const databases = count('AWS::RDS::DBInstance');
  const polls = (queuePollers * 3600 * hoursPerMonth) / pollSeconds / 1_000_000;
  const lines = [
    hourly('NAT gateways', count('AWS::EC2::NatGateway'), prices.natGatewayHour),
    hourly('NAT instances, t4g.nano', machines, prices.natInstanceHour),
    monthly('their disks, GB', machines * 8, prices.diskGigabyteMonth),
    hourly('public IPv4 addresses', addresses, prices.publicAddressHour),
    hourly('interface endpoints, each in each zone', endpoints, prices.endpointZoneHour),
    hourly('Aurora, capacity units that stay', awake * databases, prices.capacityUnitHour),
    monthly('Aurora, GB stored', 1, prices.databaseGigabyteMonth),
    monthly('secrets', count('AWS::SecretsManager::Secret'), prices.secretMonth),
    monthly('alarms', count('AWS::CloudWatch::Alarm'), prices.alarmMonth),
    monthly('dashboards', count('AWS::CloudWatch::Dashboard'), prices.dashboardMonth),
    monthly(
      'private hosted zone of the names',
      count('AWS::ServiceDiscovery::PrivateDnsNamespace'),
      prices.hostedZoneMonth,
    ),
    monthly('queue requests of waiting pollers, millions', Number(polls.toFixed(3)), prices.millionQueueRequests),
    monthly('web ACL', count('AWS::WAFv2::WebACL'), prices.firewallMonth),
    monthly('its rules', api.firewall === null ? 0 : 3, prices.firewallRuleMonth),
    hourly('network load balancer', count('AWS::ElasticLoadBalancingV2::LoadBalancer'), prices.balancerHour),
    hourly(
      'node process, vCPU',
      service === null ? 0 : (service.count * service.cpuUnits) / 1024,
      prices.virtualCpuHour,
    ),
    hourly(
      'node process, GB',
      service === null ? 0 : (service.count * service.memoryMiB) / 1024,
      prices.memoryGigabyteHour,
    ),
  ];
  return lines.filter(({ dollars }) => dollars > 0);
}

interface Shape {
  containers: number;
  /** Of the whole, on the clock. */
  hours: number;
}

/** What a container costs Longshore itself, beside the hours in which the database is awake and the sweep runs. */
const perContainer = { requests: 10, requestSeconds: 0.5, events: 3, eventSeconds: 0.5, puts: 12, logMegabytes: 1 };
const sweepSeconds = 2;
const apiGigabytes = 1;
const backgroundGigabytes = 0.5;

/** Of a thousand hours of containers in that shape, without the containers themselves. @param units of the database while it is awake */
export function costsOfControl({ containers, hours }: Shape, units = 0.5): Line[] {
  const { requests, requestSeconds, events, eventSeconds, puts, logMegabytes } = perContainer;
  const sweeps = hours * 60;
  const millions = (number: number) => Number((number / 1_000_000).toFixed(5));
  const requestGigabytes = containers * requests * requestSeconds * apiGigabytes;
  const backgroundSeconds = containers * events * eventSeconds + sweeps * sweepSeconds;
  const line = (what: string, number: number, price: number): Line => ({
    what,
    sum: `${number} × $${price}`,
    dollars: number * price,
  });
  return [
    line('Aurora awake, unit-hours', units * hours, prices.capacityUnitHour),
    line('requests of the API, millions', millions(containers * requests), prices.millionApiRequests),
    line('invocations, millions', millions(containers * (requests + events) + sweeps), prices.millionInvocations),
    line(
      'functions, GB-seconds',
      requestGigabytes + backgroundSeconds * backgroundGigabytes,
      prices.functionGigabyteSecond,
    ),
    line('records in the bucket, thousand writes', (containers * puts) / 1000, prices.thousandPuts),
    line('logs, GB', (containers * logMegabytes) / 1000, prices.logGigabyte),
  ];
}

/** Fargate's own price of that many hours. */
export function costsOfTasks(cpus: number, gigabytes: number, hours: number, isArm = false): Line {
  const cpu = isArm ? prices.armVirtualCpuHour : prices.virtualCpuHour;
  const memory = isArm ? prices.armMemoryGigabyteHour : prices.memoryGigabyteHour;
  return {
    what: `${cpus} vCPU, ${gigabytes} GB${isArm ? ', arm64' : ''}`,
    sum: `${hours} h × (${cpus} × $${cpu} + ${gigabytes} × $${memory})`,
    dollars: hours * (cpus * cpu + gigabytes * memory),
  };
}
