/**
 * Security groups: one per network, whose members reach each other, one per set of published ports, and one without any
 * rule for who is on no network. A task never gets the VPC's default group, which strangers share.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  type DescribeSecurityGroupsCommandOutput,
  type IpPermission,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import { sha256 } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import { isAwsError } from './errors.ts';
import { tagNames, tagsOf, upperTags } from './naming.ts';
import type { RunRecord } from './runs/records.ts';
import { ask, type Site } from './site.ts';

const subject = { noun: 'network' };

/** Ids by name. */
const known = new WeakMap<Site, Map<string, string>>();
const knownOf = (site: Site): Map<string, string> => {
  const ids = known.get(site) ?? new Map<string, string>();
  known.set(site, ids);
  return ids;
};

/** Of a network by its key. Throws not_found. */
export async function groupIdOf(site: Site, name: string, options: CallOptions): Promise<string> {
  const before = knownOf(site).get(name);
  if (before !== undefined) return before;
  const found = (await describeGroups(site, { 'group-name': name }, options))[0]?.GroupId;
  if (found === undefined) throw new AppError('not_found', 'A network of the container is gone from AWS');
  knownOf(site).set(name, found);
  return found;
}

function forgetGroup(site: Site, name: string): void {
  knownOf(site).delete(name);
}

/** Of a task: its networks', and the one that opens its published ports. */
export async function securityGroupsFor(site: Site, record: RunRecord, options: CallOptions): Promise<string[]> {
  const { tenantId, networks, ports } = record;
  const names = networks.map(({ key }) => key);
  try {
    const ids = await Promise.all(names.map((name) => groupIdOf(site, name, options)));
    if (ports.length > 0) ids.push(await portsGroup(site, tenantId, ports, options));
    return ids.length > 0
      ? ids
      : [await ensureGroup(site, { name: `ls-alone-${tenantId}`, tenantId }, () => [], options)];
  } catch (error) {
    for (const name of names) forgetGroup(site, name);
    throw error;
  }
}

/** All who publish the same ports share it. */
function portsGroup(site: Site, tenantId: string, ports: RunRecord['ports'], options: CallOptions): Promise<string> {
  const texts = ports.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`).sort();
  const { ingressRanges } = site.settings;
  const name = `ls-ports-${tenantId}-${sha256([...texts, ...ingressRanges].join(' ')).slice(0, 16)}`;
  const rules = (): IpPermission[] =>
    ports.map(({ hostPort, protocol }) => ({
      IpProtocol: protocol,
      FromPort: hostPort,
      ToPort: hostPort,
      IpRanges: ingressRanges.map((CidrIp) => ({ CidrIp })),
    }));
  return ensureGroup(site, { name, tenantId }, rules, options);
}

interface Wanted {
  name: string;
  tenantId: string;
  /** Of a network; other groups have none and are no object of the tenant. */
  key?: string;
}

/** Repeatable; answers its id. conflict when another tenant has one of that name. */
export async function ensureGroup(
  site: Site,
  wanted: Wanted,
  rules: (groupId: string) => IpPermission[],
  options: CallOptions,
): Promise<string> {
  const { name, tenantId } = wanted;
  const [found] = await describeGroups(site, { 'group-name': name }, options);
  const group = found ?? (await createGroup(site, wanted, options));
  const { GroupId: groupId = '' } = group;
  if (tagOf(group, tagNames.tenant) !== tenantId) {
    throw new AppError('conflict', 'The name of the network is taken at AWS');
  }
  const wantedRules = rules(groupId);
  if (wantedRules.length > 0 && !group.IpPermissions?.length) {
    const command = new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: wantedRules });
    try {
      const send = (http: { abortSignal: AbortSignal }) => site.clients.ec2.send(command, http);
      await ask(site, { action: 'ec2:AuthorizeSecurityGroupIngress', subject, tenantId, send }, options);
    } catch (error) {
      if (!isAwsError(error, /InvalidPermission\.Duplicate/)) throw error;
    }
  }
  knownOf(site).set(name, groupId);
  return groupId;
}

async function createGroup(site: Site, { name, tenantId, key }: Wanted, options: CallOptions): Promise<SecurityGroup> {
  const tags = upperTags(tagsOf(site, { tenantId, ...(key !== undefined && { key }) }));
  const command = new CreateSecurityGroupCommand({
    GroupName: name,
    Description: `Longshore ${name}`,
    VpcId: site.settings.vpcId,
    TagSpecifications: [{ ResourceType: 'security-group', Tags: tags }],
  });
  try {
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ec2.send(command, http);
    const { GroupId } = await ask(site, { action: 'ec2:CreateSecurityGroup', subject, tenantId, send }, options);
    return { GroupId, GroupName: name, Tags: tags, IpPermissions: [] };
  } catch (error) {
    if (!isAwsError(error, /InvalidGroup\.Duplicate/)) throw error;
    const [found] = await describeGroups(site, { 'group-name': name }, options);
    if (found) return found;
    throw new AppError('unavailable', 'A network changes at AWS at this moment', { cause: error });
  }
}

/** Repeatable: absent = done. conflict while a task is in it. */
export async function deleteGroup(site: Site, name: string, options: CallOptions): Promise<void> {
  forgetGroup(site, name);
  const [found] = await describeGroups(site, { 'group-name': name }, options);
  if (found === undefined || tagOf(found, tagNames.install) !== site.installId) return;
  const command = new DeleteSecurityGroupCommand({ GroupId: found.GroupId });
  try {
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ec2.send(command, http);
    await ask(site, { action: 'ec2:DeleteSecurityGroup', subject, send }, options);
  } catch (error) {
    if (!isAwsError(error, /InvalidGroup\.NotFound/)) throw error;
  }
}

export async function describeGroups(
  site: Site,
  filters: Record<string, string>,
  options: CallOptions,
): Promise<SecurityGroup[]> {
  const wanted = { 'vpc-id': site.settings.vpcId, ...filters };
  const Filters = Object.entries(wanted).map(([Name, value]) => ({ Name, Values: [value] }));
  const found: SecurityGroup[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeSecurityGroupsCommand({ Filters, ...(NextToken !== undefined && { NextToken }) });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ec2.send(command, http);
    const call = { action: 'ec2:DescribeSecurityGroups', subject, send };
    const page: DescribeSecurityGroupsCommandOutput = await ask(site, call, options);
    found.push(...(page.SecurityGroups ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}

export const tagOf = ({ Tags = [] }: Pick<SecurityGroup, 'Tags'>, name: string): string | undefined =>
  Tags.find(({ Key }) => Key === name)?.Value;
