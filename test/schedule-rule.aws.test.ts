/** The schedule as a rule of EventBridge's: what it says of it there, and what comes of refusals. */
import { EventBridgeClient, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../src/domain/clock.ts';
import { scheduleRule } from '../src/schedule-rule.ts';
import { AwsError } from './aws-fake/aws-error.ts';
import { defaultAccount } from './aws-fake/front-door.ts';
import { type AwsFake, startAwsFake } from './aws-fake/server.ts';

const region = 'eu-west-1';
let fake: AwsFake;
beforeEach(async () => {
  fake = await startAwsFake();
  const { accessKeyId, secretAccessKey } = fake.addUser();
  Object.assign(process.env, {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: fake.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  await new EventBridgeClient({}).send(new PutRuleCommand({ Name: 'sweep', ScheduleExpression: 'rate(1 minute)' }));
});
afterEach(async () => {
  const { failures, violations } = fake;
  await fake.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

const signal = () => AbortSignal.timeout(5_000);
const isEnabled = () => fake.site(defaultAccount, region).rules.find('sweep').isEnabled;

test.each(['sweep', 'default/sweep'])('%s is switched off and on, as often as somebody wants', async (name) => {
  const schedule = scheduleRule(name, systemClock);
  for (const [order, result] of [
    [schedule.disable, false],
    [schedule.disable, false],
    [schedule.enable, true],
    [schedule.enable, true],
  ] as const) {
    await order(signal());
    expect(isEnabled()).toBe(result);
  }
});

test('who switches at the same moment as another tries again', async () => {
  let refusals = 2;
  fake.habits.refuse = (action) => {
    if (action !== 'events:DisableRule' || refusals === 0) return undefined;
    refusals -= 1;
    return new AwsError('ConcurrentModificationException', 'There is concurrent modification on a rule.');
  };
  await scheduleRule('sweep', systemClock).disable(signal());
  expect(isEnabled()).toBe(false);
});

test('a missing right, a missing rule and an AWS that is away are all the same to who brings work: not now', async () => {
  const schedule = scheduleRule('sweep', systemClock);
  fake.habits.deny.add('events:EnableRule');
  await expect(schedule.enable(signal())).rejects.toMatchObject({ code: 'unavailable' });
  await expect(scheduleRule('none', systemClock).disable(signal())).rejects.toMatchObject({ code: 'unavailable' });
  await expect(schedule.enable(AbortSignal.abort())).rejects.toMatchObject({ code: 'unavailable' });
});
