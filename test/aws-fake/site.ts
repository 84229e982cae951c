/** Everything that one account has in one region. */

import { BuildStore } from './codebuild/build-store.ts';
import { NetworkStore } from './ec2/network-store.ts';
import { ImageStore } from './ecr/image-store.ts';
import { EcsStore } from './ecs/ecs-store.ts';
import { FileSystemStore } from './efs/file-system-store.ts';
import { RuleStore } from './event-bridge/rule-store.ts';
import { LogStore } from './logs/log-store.ts';
import { BucketStore } from './s3/bucket-store.ts';
import { SecretStore } from './secrets-manager/secret-store.ts';
import { NameStore } from './service-discovery/name-store.ts';
import { QueueStore } from './sqs/queue-store.ts';
import { Throttles } from './throttles.ts';
import type { World } from './world.ts';

export class Site {
  readonly world: World;
  readonly account: string;
  readonly region: string;
  readonly throttles: Throttles;
  readonly ecs = new EcsStore();
  readonly ec2: NetworkStore;
  readonly ecr: ImageStore;
  readonly logs: LogStore;
  readonly names = new NameStore();
  readonly buckets = new BucketStore();
  readonly codebuild = new BuildStore();
  readonly secrets: SecretStore;
  readonly efs: FileSystemStore;
  readonly queues: QueueStore;
  readonly rules: RuleStore;
  /** The same account in another region. */
  readonly sibling: (region: string) => Site;

  constructor(world: World, account: string, region: string, sibling: (region: string) => Site) {
    this.world = world;
    this.account = account;
    this.region = region;
    this.sibling = sibling;
    this.throttles = new Throttles(world.clock);
    this.ec2 = new NetworkStore(account, region);
    const canonical = `${account}.dkr.ecr.${region}.amazonaws.com`;
    this.ecr = new ImageStore([canonical, new URL(world.url).host], world.logins.issue(account, region).password);
    this.logs = new LogStore(world.clock, () => world.habits.logDelayMs);
    this.secrets = new SecretStore((resource) => this.arn('secretsmanager', resource));
    this.queues = new QueueStore(world.clock, (name) => this.arn('sqs', name));
    this.rules = new RuleStore(this);
    this.efs = new FileSystemStore(account, (resource) => this.arn('elasticfilesystem', resource));
  }

  now(): Date {
    return new Date(this.world.clock.now());
  }

  /** An ARN of this account and region, such as `arn('ecs', 'cluster/a')`. */
  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.region}:${this.account}:${resource}`;
  }
}
