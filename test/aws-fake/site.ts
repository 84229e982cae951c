/** Everything that one account has in one region. */
import { Throttles } from './throttles.ts';
import type { World } from './world.ts';

export class Site {
  readonly world: World;
  readonly account: string;
  readonly region: string;
  readonly throttles: Throttles;

  constructor(world: World, account: string, region: string) {
    this.world = world;
    this.account = account;
    this.region = region;
    this.throttles = new Throttles(world.clock);
  }

  now(): Date {
    return new Date(this.world.clock.now());
  }

  /** An ARN of this account and region, such as `arn('ecs', 'cluster/a')`. */
  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.region}:${this.account}:${resource}`;
  }
}
