/** Rules of the default bus: events to their targets, and schedules that go on while they are enabled. */
import { randomUUID } from 'node:crypto';
import type { Target } from '@aws-sdk/client-eventbridge';
import { AwsError } from '../aws-error.ts';
import type { BusEvent } from '../events/event-bus.ts';
import type { QueueStore } from '../sqs/queue-store.ts';
import type { World } from '../world.ts';
import { matches } from './pattern.ts';

/** Where the rules are, and what they reach. */
interface Home {
  world: Pick<World, 'clock' | 'functions'>;
  account: string;
  region: string;
  queues: QueueStore;
  now(): Date;
}

export interface Rule {
  name: string;
  arn: string;
  isEnabled: boolean;
  pattern: Record<string, unknown> | undefined;
  /** Of a schedule, such as `rate(1 minute)`. */
  schedule: string | undefined;
  targets: Map<string, Target>;
}

const units: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Null for what is no rate. */
export function rateMs(expression: string): number | null {
  const [, count = '', unit = '', plural] = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  const ms = Number(count) * (units[unit] ?? Number.NaN);
  return ms > 0 && (count === '1') === (plural === '') ? ms : null;
}

export class RuleStore {
  readonly rules = new Map<string, Rule>();
  private readonly site: Home;
  private readonly timers = new Map<Rule, () => void>();

  constructor(site: Home) {
    this.site = site;
  }

  find(name = ''): Rule {
    const found = this.rules.get(name);
    if (!found) throw new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`);
    return found;
  }

  /** The schedule of a rule begins anew when it is enabled. */
  set(rule: Rule): void {
    this.stop(rule);
    this.rules.set(rule.name, rule);
    if (rule.isEnabled) this.begin(rule);
  }

  remove(rule: Rule): void {
    this.stop(rule);
    this.rules.delete(rule.name);
  }

  async deliver(event: BusEvent): Promise<void> {
    for (const rule of this.rules.values()) {
      if (rule.isEnabled && rule.pattern && matches(rule.pattern, { ...event })) await this.send(rule, event);
    }
  }

  private begin(rule: Rule): void {
    const ms = rule.schedule === undefined ? null : rateMs(rule.schedule);
    if (ms === null || this.timers.has(rule)) return;
    const again = () => this.timers.set(rule, this.site.world.clock.after(ms, fire));
    const fire = async () => {
      again();
      await this.send(rule, {
        version: '0',
        id: randomUUID(),
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        account: this.site.account,
        time: this.site.now().toISOString(),
        region: this.site.region,
        resources: [rule.arn],
        detail: {},
      });
    };
    again();
  }

  private stop(rule: Rule): void {
    const known = this.rules.get(rule.name);
    for (const each of [rule, known]) {
      if (!each) continue;
      this.timers.get(each)?.();
      this.timers.delete(each);
    }
  }

  private async send(rule: Rule, event: BusEvent): Promise<void> {
    for (const { Arn = '' } of rule.targets.values()) {
      const [, , service] = Arn.split(':');
      if (service === 'sqs') this.site.queues.byArn(Arn).send(JSON.stringify(event));
      else await this.site.world.functions.get(Arn)?.(structuredClone(event));
    }
  }
}
