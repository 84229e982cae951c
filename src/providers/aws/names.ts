/**
 * Names on networks: `<name>.<network>.<namespace>` in a private DNS namespace of Cloud Map's, for a container's name and its
 * aliases. ECS registers such names for services only, so that a task is registered when it is first seen to run, and taken
 * out when it has ended. Cloud Map does either a moment later.
 */
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DeregisterInstanceCommand,
  GetNamespaceCommand,
  ListServicesCommand,
  type ListServicesCommandOutput,
  RegisterInstanceCommand,
} from '@aws-sdk/client-servicediscovery';
import { sha256 } from '../../domain/clock.ts';
import type { AppError } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import { isAwsError } from './errors.ts';
import { changeRecord, type RecordedRun, type RunRecord, readRecord } from './runs/records.ts';
import { ask, type Site } from './site.ts';

const subject = { noun: 'name' };
/** Of an answer, in seconds: an address that is gone is asked for no longer. */
const ttl = 5;

/** As `docker network ls` shows it. */
const networkLabel = (key: string): string => key.replace(/^ls-net-/, '').slice(0, 12);
const instanceId = ({ key }: Pick<RunRecord, 'key'>): string => sha256(key).slice(0, 32);
const namesOf = ({ name, networks }: RunRecord): string[] => [
  ...new Set(networks.flatMap(({ key, aliases }) => [name, ...aliases].map((each) => `${each}.${networkLabel(key)}`))),
];

/** What this process knows: the namespace's name, and services by theirs. */
const known = new WeakMap<Site, { namespace?: string; services: Map<string, string> }>();
const knownOf = (site: Site) => {
  const found = known.get(site) ?? { services: new Map<string, string>() };
  known.set(site, found);
  return found;
};

/** What a container's names end with on that network; null without a namespace. */
export async function domainOf(site: Site, networkKey: string, options: CallOptions): Promise<string | null> {
  const { namespaceId } = site.settings;
  if (namespaceId === null) return null;
  const remembered = knownOf(site);
  if (remembered.namespace === undefined) {
    const command = new GetNamespaceCommand({ Id: namespaceId });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.discovery.send(command, http);
    const { Namespace } = await ask(site, { action: 'servicediscovery:GetNamespace', subject, send }, options);
    remembered.namespace = Namespace?.Name ?? '';
  }
  return `${networkLabel(networkKey)}.${remembered.namespace}`;
}

/** Repeatable, and written down. What fails is tried again at the next look. */
export async function enterNames(
  site: Site,
  recorded: RecordedRun,
  address: string | null,
  options: CallOptions,
): Promise<void> {
  const record = recorded.value;
  if (site.settings.namespaceId === null || address === null || record.namedAt === address) return;
  const names = namesOf(record);
  if (names.length === 0) return;
  try {
    await Promise.all(names.map((name) => enter(site, record, name, address, options)));
    await changeRecord(site, recorded, { namedAt: address }, options);
  } catch (error) {
    site.log('names of a container not entered yet', { key: record.key, err: error });
  }
}

/** Of a run that has ended, which keeps nobody from seeing that. Null, or where its names still lead to. */
export async function tryToLeaveNames(site: Site, record: RunRecord, options: CallOptions): Promise<string | null> {
  try {
    await leaveNames(site, record, options);
    return null;
  } catch (error) {
    site.log('names of a container that has ended not left yet', { key: record.key, err: error });
    return record.namedAt;
  }
}

/** Of a run that goes, with what another look entered since it was read. Throws what AWS says: nothing is left behind. */
export async function forgetNames(site: Site, { value }: RecordedRun, options: CallOptions): Promise<void> {
  if (site.settings.namespaceId === null) return;
  await leaveNames(site, (await readRecord(site, value.key, options))?.value ?? value, options);
}

/** Repeatable. */
async function leaveNames(site: Site, record: RunRecord, options: CallOptions): Promise<void> {
  if (record.namedAt === null) return;
  await Promise.all(namesOf(record).map((name) => leave(site, record, name, options)));
}

async function enter(
  site: Site,
  record: RunRecord,
  name: string,
  address: string,
  options: CallOptions,
): Promise<void> {
  const ServiceId = await ensureService(site, record.tenantId, name, options);
  const command = new RegisterInstanceCommand({
    ServiceId,
    InstanceId: instanceId(record),
    CreatorRequestId: sha256(`${record.key} ${address}`).slice(0, 64),
    Attributes: { AWS_INSTANCE_IPV4: address },
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.discovery.send(command, http);
  const call = { action: 'servicediscovery:RegisterInstance', subject, tenantId: record.tenantId, send };
  try {
    await ask(site, call, options);
  } catch (error) {
    knownOf(site).services.delete(name);
    throw error;
  }
}

async function leave(site: Site, record: RunRecord, name: string, options: CallOptions): Promise<void> {
  const ServiceId = await ensureService(site, record.tenantId, name, options);
  const command = new DeregisterInstanceCommand({ ServiceId, InstanceId: instanceId(record) });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.discovery.send(command, http);
  const call = { action: 'servicediscovery:DeregisterInstance', subject, tenantId: record.tenantId, send };
  try {
    await ask(site, call, options);
  } catch (error) {
    knownOf(site).services.delete(name);
    if (!isAwsError(error, /InstanceNotFound|ServiceNotFound/)) throw error;
  }
}

/** All who bear a name share its service. */
async function ensureService(site: Site, tenantId: string, name: string, options: CallOptions): Promise<string> {
  const { services } = knownOf(site);
  const before = services.get(name);
  if (before !== undefined) return before;
  const command = new CreateServiceCommand({
    Name: name,
    NamespaceId: site.settings.namespaceId ?? '',
    CreatorRequestId: sha256(`${site.installId} ${name}`).slice(0, 64),
    DnsConfig: { RoutingPolicy: 'MULTIVALUE', DnsRecords: [{ Type: 'A', TTL: ttl }] },
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.discovery.send(command, http);
  const call = { action: 'servicediscovery:CreateService', subject, tenantId, send };
  let id: string | undefined;
  try {
    id = (await ask(site, call, options)).Service?.Id;
  } catch (error) {
    if (!isAwsError(error, /ServiceAlreadyExists/)) throw error;
    id = ((error as AppError).cause as { ServiceId?: string }).ServiceId;
  }
  services.set(name, id ?? '');
  return id ?? '';
}

/** Of a network that goes; names that somebody still bears stay. */
export async function removeNames(site: Site, networkKey: string, options: CallOptions): Promise<void> {
  const { namespaceId } = site.settings;
  if (namespaceId === null) return;
  const isOurs = (name = '') => name.endsWith(`.${networkLabel(networkKey)}`);
  const found: { id: string; name: string }[] = [];
  let NextToken: string | undefined;
  do {
    const Filters = [{ Name: 'NAMESPACE_ID' as const, Values: [namespaceId], Condition: 'EQ' as const }];
    const command = new ListServicesCommand({
      Filters,
      MaxResults: 100,
      ...(NextToken !== undefined && { NextToken }),
    });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.discovery.send(command, http);
    const call = { action: 'servicediscovery:ListServices', subject, send };
    const page: ListServicesCommandOutput = await ask(site, call, options);
    for (const { Id: id = '', Name: name = '' } of page.Services ?? []) if (isOurs(name)) found.push({ id, name });
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  for (const { id, name } of found) {
    knownOf(site).services.delete(name);
    const command = new DeleteServiceCommand({ Id: id });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.discovery.send(command, http);
    try {
      await ask(site, { action: 'servicediscovery:DeleteService', subject, send }, options);
    } catch (error) {
      if (!isAwsError(error, /ResourceInUse|ServiceNotFound/)) throw error;
    }
  }
}
