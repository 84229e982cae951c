/** The public address of a task, which only EC2 tells. */

import { DescribeNetworkInterfacesCommand } from '@aws-sdk/client-ec2';
import type { Task } from '@aws-sdk/client-ecs';
import { unless } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import { interfaceOf } from './runs/observation.ts';
import { ask, type Site } from './site.ts';

/** By network interface: it keeps its address for as long as it exists. */
const known = new WeakMap<Site, Map<string, string>>();
const mostKnown = 10_000;

/** Null when it has none, or not yet. */
export async function publicAddressOf(site: Site, task: Task, options: CallOptions): Promise<string | null> {
  const { interfaceId } = interfaceOf(task);
  if (interfaceId === null || !site.settings.publicAddresses) return null;
  const addresses = known.get(site) ?? new Map<string, string>();
  known.set(site, addresses);
  const before = addresses.get(interfaceId);
  if (before !== undefined) return before;
  const command = new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [interfaceId] });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ec2.send(command, http);
  const call = { action: 'ec2:DescribeNetworkInterfaces', subject: { noun: 'address' }, send };
  const answer = await unless(ask(site, call, options), ['not_found'], null);
  const found = answer?.NetworkInterfaces?.[0]?.Association?.PublicIp;
  if (found === undefined) return null;
  if (addresses.size >= mostKnown) addresses.clear();
  addresses.set(interfaceId, found);
  return found;
}
