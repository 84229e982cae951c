/** The section of costs in docs/aws-deploy.md. Pure. */
import { costsAtRest, costsOfControl, costsOfTasks, type Line, type Resources } from './costs.ts';
import { prices } from './prices.ts';
import type { Settings } from './settings.ts';

export interface Priced {
  title: string;
  settings: Settings;
  resources: Resources;
}

const dollars = (amount: number): string => `$${amount.toFixed(2)}`;
const total = (lines: Line[]): number => lines.reduce((sum, line) => sum + line.dollars, 0);

function table(title: string, lines: Line[]): string {
  return [
    `| ${title} | | a month |`,
    '|---|---|---|',
    ...lines.map(({ what, sum, dollars: amount }) => `| ${what} | ${sum} | ${dollars(amount)} |`),
    `| **together** | | **${dollars(total(lines))}** |`,
  ].join('\n');
}

const control = (title: string, containers: number, hours: number): string =>
  table(title, costsOfControl({ containers, hours })).replace('a month', 'together').replace('**together**', '**sum**');

export function costsPage(stages: readonly Priced[]): string {
  const { natGatewayHour, natGatewayGigabyte, endpointGigabyte, endpointZoneHour, publicAddressHour } = prices;
  const gatewayHours = (natGatewayHour + publicAddressHour) * 730;
  const endpointHours = 26 * endpointZoneHour * 730;
  const even = (endpointHours - gatewayHours) / (natGatewayGigabyte - endpointGigabyte);
  const shapes = [
    costsOfTasks(0.25, 0.5, 1000),
    costsOfTasks(0.25, 0.5, 1000, true),
    costsOfTasks(1, 2, 1000),
    costsOfTasks(4, 8, 1000),
  ];
  return [
    '### At rest',
    'Nobody asks and nothing runs for a month. Traffic, logs and storage of a stage that does nothing are cents.',
    ...stages.map(({ title, settings, resources }) => table(title, costsAtRest(settings, resources))),
    '### The way out',
    `One NAT gateway is (${natGatewayHour} + ${publicAddressHour}) × 730 = ${dollars(gatewayHours)} a month and ${dollars(natGatewayGigabyte * 1000)} per 1,000 GB; ` +
      `the 13 interface endpoints in two zones are 26 × ${endpointZoneHour} × 730 = ${dollars(endpointHours)} and ${dollars(endpointGigabyte * 1000)} per 1,000 GB. ` +
      `Endpoints are the cheaper ones above (${endpointHours.toFixed(2)} − ${gatewayHours.toFixed(2)}) ÷ (${natGatewayGigabyte} − ${endpointGigabyte}) = ${Math.round(even).toLocaleString('en')} GB a month to AWS's own services. ` +
      'They lead nowhere else: copying images from Docker Hub or any other registry, tokens of an OIDC issuer and webhooks need a NAT. ' +
      'S3, where the layers of ECR come from, has a gateway endpoint in either case, which costs nothing.',
    '### Per 1,000 container-hours',
    "Fargate's own price, by the second from a minute on; Spot is some 70 % less:",
    [
      '| task | | 1,000 hours |',
      '|---|---|---|',
      ...shapes.map((line) => `| ${line.what} | ${line.sum} | ${dollars(line.dollars)} |`),
    ].join('\n'),
    'Longshore beside it: 10 requests and 3 events a container, 12 writes of records, 1 MB of log, a sweep of 2 s each minute, and the ' +
      'database awake at half a unit as long as anything lives. So it is the clock that costs, not the containers:',
    control('1,000 containers for an hour', 1000, 1),
    control('one container for 1,000 hours', 1, 1000),
  ].join('\n\n');
}
