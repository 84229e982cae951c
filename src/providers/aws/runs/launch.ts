/**
 * RunTask, of which any number for one attempt makes one task: its token and its startedBy follow from the run's key. What
 * AWS has refused for good ends an attempt; what nobody answered does not.
 */
import { RunTaskCommand, type RunTaskCommandOutput, type Task, type TaskOverride } from '@aws-sdk/client-ecs';
import { AppError, hasCode } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import { isAwsError } from '../errors.ts';
import { clientToken, clusterName, lowerTags, startedBy, tagsOf } from '../naming.ts';
import { securityGroupsFor } from '../security-groups.ts';
import { ask, type Site } from '../site.ts';
import { ensurePlaces, forgetPlaces } from '../tenant-places.ts';
import { gone } from './lookup.ts';
import { changeRecord, hasAgent, type RecordedRun, type RunRecord, readRecord } from './records.ts';
import { lacksLog, startFailureOf } from './start-failures.ts';
import { stopTask } from './stop.ts';

const subject = { noun: 'container' };

/** With its task. Tries one subnet after the other while there is no capacity; throws unavailable when none has any. */
export async function launch(site: Site, before: RecordedRun, options: CallOptions): Promise<RecordedRun> {
  let recorded = before;
  for (let tries = 0; recorded.value.taskArn === null; tries++) {
    if (recorded.value.askedAt === null) {
      const asked = await changeRecord(site, recorded, { askedAt: new Date(site.clock.now()), failure: null }, options);
      recorded = asked ?? (await latest(site, recorded, options));
      continue;
    }
    const answer = await runTask(site, recorded, options);
    if ('taskArn' in answer) return remember(site, recorded, answer.taskArn, options);
    recorded = await nextAttempt(site, recorded, null, options);
    if (tries > site.settings.subnetIds.length) throw answer.refused;
  }
  return recorded;
}

/** The record for another attempt, once the last one is surely over. @param failure why that came to nothing, when it is to be told */
async function nextAttempt(
  site: Site,
  recorded: RecordedRun,
  failure: RunRecord['failure'],
  options: CallOptions,
): Promise<RecordedRun> {
  const change = { attempt: recorded.value.attempt + 1, askedAt: null, taskArn: null, failure };
  return (await changeRecord(site, recorded, change, options)) ?? latest(site, recorded, options);
}

/** After a task that never ran: its reason is kept, and what it lacked is made again where that is ours to make. */
export async function afterFailure(
  site: Site,
  recorded: RecordedRun,
  task: Task,
  options: CallOptions,
): Promise<RecordedRun> {
  const { tenantId, key } = recorded.value;
  if (lacksLog(task)) {
    forgetPlaces(site, tenantId);
    try {
      await ensurePlaces(site, tenantId, options);
    } catch (error) {
      site.log('log of a tenant not made again yet', { key, err: error });
    }
  }
  return nextAttempt(site, recorded, startFailureOf(task), options);
}

async function latest(site: Site, { value }: RecordedRun, options: CallOptions): Promise<RecordedRun> {
  const found = await readRecord(site, value.key, options);
  if (!found) throw gone();
  return found;
}

/** A run that was destroyed while its start was under way leaves no task behind. */
async function remember(
  site: Site,
  recorded: RecordedRun,
  taskArn: string,
  options: CallOptions,
): Promise<RecordedRun> {
  const written = await changeRecord(site, recorded, { taskArn }, options);
  if (written) return written;
  const { key, tenantId, attempt } = recorded.value;
  const found = await readRecord(site, key, options);
  if (found && found.value.attempt === attempt)
    return found.value.taskArn === null ? remember(site, found, taskArn, options) : found;
  await stopTask(site, { cluster: clusterName(site, tenantId), taskArn, tenantId }, options);
  throw gone();
}

async function runTask(
  site: Site,
  { value: record }: RecordedRun,
  options: CallOptions,
): Promise<{ taskArn: string } | { refused: AppError }> {
  const { key, tenantId, attempt } = record;
  const { settings } = site;
  const securityGroups = await securityGroupsFor(site, record, options);
  const command = new RunTaskCommand({
    cluster: clusterName(site, tenantId),
    taskDefinition: record.taskDefinition,
    count: 1,
    clientToken: clientToken(site, key, attempt),
    startedBy: startedBy(key, attempt),
    ...(settings.spot
      ? { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] }
      : { launchType: 'FARGATE' }),
    platformVersion: 'LATEST',
    enableExecuteCommand: hasAgent(site, record),
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: subnetsOf(settings.subnetIds, attempt),
        securityGroups,
        assignPublicIp: settings.publicAddresses ? 'ENABLED' : 'DISABLED',
      },
    },
    overrides: record.overrides as TaskOverride,
    tags: lowerTags(tagsOf(site, { tenantId, key })),
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecs.send(command, http);
  try {
    return read(await ask(site, { action: 'ecs:RunTask', subject, tenantId, send }, options));
  } catch (error) {
    if (isAwsError(error, /ClusterNotFound/)) {
      forgetPlaces(site, tenantId);
      await ensurePlaces(site, tenantId, options);
      throw new AppError('unavailable', "The tenant's cluster was gone and is made again", { cause: error });
    }
    const made = adoptable(error);
    if (made !== null) return { taskArn: made };
    if (hasCode(error, 'unavailable') && /capacity/i.test(textOf(error))) return { refused: error as AppError };
    throw error;
  }
}

/** Status 200 does not mean that there is a task. */
function read({ tasks = [], failures = [] }: RunTaskCommandOutput): { taskArn: string } | { refused: AppError } {
  const taskArn = tasks[0]?.taskArn;
  if (taskArn !== undefined) return { taskArn };
  const reasons = failures.map(({ reason, detail }) => [reason, detail].filter(Boolean).join(': ')).join('; ');
  const cause = new Error(`RunTask failed: ${reasons}`);
  return { refused: new AppError('unavailable', 'AWS has no capacity for another container at the moment', { cause }) };
}

/** The token was used by an earlier version of us with other parameters: its task is this attempt's all the same. */
function adoptable(error: unknown): string | null {
  if (!isAwsError(error, /^ConflictException$/) || !(error instanceof AppError)) return null;
  const ids = (error.cause as { resourceIds?: unknown }).resourceIds;
  return Array.isArray(ids) && typeof ids[0] === 'string' ? ids[0] : null;
}

const textOf = (error: unknown): string => (error instanceof AppError ? String(error.cause) : String(error));

/** All of them at first; each further attempt is made in one, so that no zone without capacity is met twice in a row. */
function subnetsOf(subnetIds: readonly string[], attempt: number): string[] {
  if (attempt === 1) return [...subnetIds];
  return [subnetIds[(attempt - 1) % subnetIds.length] ?? ''];
}
