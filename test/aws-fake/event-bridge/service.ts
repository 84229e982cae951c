/** EventBridge's rules on the default bus: patterns and rates, to queues and functions. */
import type {
  DeleteRuleRequest,
  DescribeRuleRequest,
  DescribeRuleResponse,
  DisableRuleRequest,
  EnableRuleRequest,
  PutRuleRequest,
  PutRuleResponse,
  PutTargetsRequest,
  PutTargetsResponse,
  RemoveTargetsRequest,
  RemoveTargetsResponse,
} from '@aws-sdk/client-eventbridge';
import { AwsError } from '../aws-error.ts';
import type { Call, Service } from '../service.ts';
import { patternProblem } from './pattern.ts';
import { rateMs } from './rule-store.ts';

function onDefaultBus(bus: string | undefined): void {
  if (bus !== undefined && bus !== 'default' && !/^arn:.*:event-bus\/default$/.test(bus)) {
    throw new AwsError('ResourceNotFoundException', `Event bus ${bus} does not exist.`);
  }
}

function putRule(input: PutRuleRequest, { site }: Call): PutRuleResponse {
  onDefaultBus(input.EventBusName);
  const { Name: name = '', EventPattern: pattern, ScheduleExpression: schedule, State = 'ENABLED' } = input;
  if (pattern === undefined && schedule === undefined) {
    throw new AwsError('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.');
  }
  if (schedule !== undefined && rateMs(schedule) === null) {
    throw new AwsError('ValidationException', 'Parameter ScheduleExpression is not valid.');
  }
  const parsed = pattern === undefined ? undefined : parse(pattern);
  const arn = site.arn('events', `rule/${name}`);
  const targets = site.rules.rules.get(name)?.targets ?? new Map();
  site.rules.set({ name, arn, isEnabled: State !== 'DISABLED', pattern: parsed, schedule, targets });
  return { RuleArn: arn };
}

function parse(pattern: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(pattern);
  } catch {
    throw new AwsError('InvalidEventPatternException', 'Event pattern is not valid. Reason: it is no JSON');
  }
  const problem = patternProblem(parsed);
  if (problem) throw new AwsError('InvalidEventPatternException', problem);
  return parsed as Record<string, unknown>;
}

function describeRule({ Name, EventBusName }: DescribeRuleRequest, { site }: Call): DescribeRuleResponse {
  onDefaultBus(EventBusName);
  const { name, arn, isEnabled, pattern, schedule } = site.rules.find(Name);
  return {
    Name: name,
    Arn: arn,
    State: isEnabled ? 'ENABLED' : 'DISABLED',
    EventBusName: 'default',
    ...(pattern && { EventPattern: JSON.stringify(pattern) }),
    ...(schedule !== undefined && { ScheduleExpression: schedule }),
  };
}

function enableRule({ Name, EventBusName }: EnableRuleRequest, { site }: Call): void {
  onDefaultBus(EventBusName);
  const rule = site.rules.find(Name);
  if (!rule.isEnabled) site.rules.set({ ...rule, isEnabled: true });
}

function disableRule({ Name, EventBusName }: DisableRuleRequest, { site }: Call): void {
  onDefaultBus(EventBusName);
  site.rules.set({ ...site.rules.find(Name), isEnabled: false });
}

function putTargets({ Rule, EventBusName, Targets = [] }: PutTargetsRequest, { site }: Call): PutTargetsResponse {
  onDefaultBus(EventBusName);
  const rule = site.rules.find(Rule);
  for (const target of Targets) rule.targets.set(target.Id ?? '', target);
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function removeTargets({ Rule, EventBusName, Ids = [] }: RemoveTargetsRequest, { site }: Call): RemoveTargetsResponse {
  onDefaultBus(EventBusName);
  for (const id of Ids) site.rules.find(Rule).targets.delete(id);
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function deleteRule({ Name, EventBusName }: DeleteRuleRequest, { site }: Call): void {
  onDefaultBus(EventBusName);
  const rule = site.rules.rules.get(Name ?? '');
  if (rule && rule.targets.size > 0) {
    throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.");
  }
  if (rule) site.rules.remove(rule);
}

export const eventBridge: Service = {
  iamName: 'events',
  signingName: 'events',
  modelName: 'events',
  sdkPackage: '@aws-sdk/client-eventbridge',
  invalidCode: () => 'ValidationException',
  resource: (_operation, { Name, Rule }, site) => site.arn('events', `rule/${Name ?? Rule}`),
  handlers: {
    PutRule: putRule,
    DescribeRule: describeRule,
    EnableRule: enableRule,
    DisableRule: disableRule,
    PutTargets: putTargets,
    RemoveTargets: removeTargets,
    DeleteRule: deleteRule,
  },
};
