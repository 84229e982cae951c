/** Task definitions at ECS: one per content, found by its family's name, since few may be registered per second. */
import {
  DescribeTaskDefinitionCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionRequest,
} from '@aws-sdk/client-ecs';
import type { CallOptions } from '../../provider.ts';
import { isAwsError } from '../errors.ts';
import { lowerTags, tagsOf } from '../naming.ts';
import { ask, type Site } from '../site.ts';

const subject = { noun: 'container' };
/** ARNs by family. A definition never changes. */
const known = new WeakMap<Site, Map<string, Promise<string>>>();
/** Those of containers with much of their own would gather without end. */
const mostKnown = 10_000;

/** The ARN of the definition; registered unless it is there. */
export function registered(
  site: Site,
  definition: RegisterTaskDefinitionRequest,
  tenantId: string,
  options: CallOptions,
): Promise<string> {
  const families = known.get(site) ?? new Map<string, Promise<string>>();
  known.set(site, families);
  const family = definition.family ?? '';
  const before = families.get(family);
  if (before) return before;
  if (families.size >= mostKnown) families.clear();
  const found = findOrRegister(site, definition, tenantId, options);
  families.set(family, found);
  found.catch(() => families.delete(family));
  return found;
}

async function findOrRegister(
  site: Site,
  definition: RegisterTaskDefinitionRequest,
  tenantId: string,
  options: CallOptions,
): Promise<string> {
  const describe = new DescribeTaskDefinitionCommand({ taskDefinition: definition.family });
  try {
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ecs.send(describe, http);
    const call = { action: 'ecs:DescribeTaskDefinition', subject, tenantId, send };
    const { taskDefinition } = await ask(site, call, options);
    if (taskDefinition?.status === 'ACTIVE' && taskDefinition.taskDefinitionArn)
      return taskDefinition.taskDefinitionArn;
  } catch (error) {
    if (!isAwsError(error, /^ClientException$/)) throw error;
  }
  const command = new RegisterTaskDefinitionCommand({ ...definition, tags: lowerTags(tagsOf(site, { tenantId })) });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecs.send(command, http);
  const call = { action: 'ecs:RegisterTaskDefinition', subject, tenantId, send };
  const { taskDefinition } = await ask(site, call, options);
  return taskDefinition?.taskDefinitionArn ?? '';
}
