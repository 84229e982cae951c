/** All of Longshore, as stacks of whatever app or stage it is put into. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { parseSettings, prefixOf, type Settings, type SettingsInput } from '../settings.ts';
import { ControlPlaneStack } from '../stacks/control-plane.ts';
import { DataStack } from '../stacks/data.ts';
import { NetworkStack, type Places, placesIn } from '../stacks/network.ts';
import { TenantsStack } from '../stacks/tenants.ts';

export type LongshoreProps = SettingsInput & {
  /** A VPC that is there; settings.network is then without effect. It needs private subnets with a way out. */
  vpc?: IVpc;
  /** Where `npm run bundle` wrote the functions; its own place when absent. */
  bundles?: string;
};

const ownBundles = fileURLToPath(new URL('../../dist/functions', import.meta.url));

export class Longshore extends Construct {
  readonly settings: Settings;
  /** Where /v1 and the Docker Engine API answer. */
  readonly url: string;
  readonly alarms: Topic;
  readonly stacks: readonly Stack[];
  readonly tenants: TenantsStack;

  constructor(scope: Construct, id: string, { vpc, bundles = ownBundles, ...input }: LongshoreProps) {
    super(scope, id);
    this.settings = parseSettings(input);
    if (!existsSync(bundles)) throw new Error(`${bundles} is not there: run \`npm run bundle\` first`);
    const { account, region, keepData } = this.settings;
    const prefix = prefixOf(this.settings);
    const of = (part: string, holdsData = false): StackProps => ({
      stackName: `${prefix}-${part}`,
      description: `Longshore ${this.settings.stage}: ${part}`,
      terminationProtection: holdsData && keepData,
      ...((account ?? region) !== undefined && { env: { ...(account && { account }), ...(region && { region }) } }),
    });
    const network = vpc ? null : new NetworkStack(this, 'Network', this.settings, of('network', true));
    const places: Places = vpc ? placesIn(vpc, this.settings) : (network as NetworkStack).places;
    const data = new DataStack(this, 'Data', this.settings, places, of('data', true));
    this.tenants = new TenantsStack(this, 'Tenants', this.settings, places, of('tenants', true));
    const parts = { settings: this.settings, places, data, tenants: this.tenants, bundles };
    const control = new ControlPlaneStack(this, 'ControlPlane', parts, of('control-plane'));
    this.url = control.url;
    this.alarms = control.alarms.topic;
    this.stacks = [...(network ? [network] : []), data, this.tenants, control];
    Tags.of(this).add('longshore:stage', this.settings.stage);
  }
}
