/** Volumes: access points of the operator's EFS file system, each the root of a folder of its own. */
import {
  type AccessPointDescription,
  CreateAccessPointCommand,
  DeleteAccessPointCommand,
  DescribeAccessPointsCommand,
  type DescribeAccessPointsCommandOutput,
} from '@aws-sdk/client-efs';
import { sha256 } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions, Provider, VolumeRef } from '../provider.ts';
import { isAwsError } from './errors.ts';
import { tagNames, tagsOf, upperTags } from './naming.ts';
import { listRecords } from './runs/records.ts';
import { tagOf } from './security-groups.ts';
import { ask, type Site } from './site.ts';

const subject = { noun: 'volume' };
const pauseMs = 500;

/** Ids by the volumes' keys. */
const known = new WeakMap<Site, Map<string, string>>();
const knownOf = (site: Site): Map<string, string> => {
  const ids = known.get(site) ?? new Map<string, string>();
  known.set(site, ids);
  return ids;
};

export function volumesOf(site: Site): Provider['volumes'] {
  return {
    ensure: (volume, options) => ensureVolume(site, volume, options),
    remove: ({ key }, options) => removeVolume(site, key, options),
    // EFS measures a file system as a whole.
    sizes: async () => new Map(),
  };
}

async function ensureVolume(site: Site, { key, tenantId }: VolumeRef, options: CallOptions): Promise<void> {
  const FileSystemId = fileSystemOf(site);
  const command = new CreateAccessPointCommand({
    // Of at most 64 characters; the same key is the same access point.
    ClientToken: sha256(`${site.installId} ${key}`),
    FileSystemId,
    // Whoever a container's process is, its files are root's here, so that every image can write.
    PosixUser: { Uid: 0, Gid: 0 },
    RootDirectory: {
      Path: `/${site.prefix}/${tenantId}/${key}`,
      CreationInfo: { OwnerUid: 0, OwnerGid: 0, Permissions: '0777' },
    },
    Tags: upperTags(tagsOf(site, { tenantId, key })),
  });
  let id: string | undefined;
  try {
    const send = (http: { abortSignal: AbortSignal }) => site.clients.efs.send(command, http);
    const call = { action: 'elasticfilesystem:CreateAccessPoint', subject, tenantId, send };
    id = (await ask(site, call, options)).AccessPointId;
  } catch (error) {
    if (!isAwsError(error, /AccessPointAlreadyExists/)) throw error;
    id = ((error as AppError).cause as { AccessPointId?: string }).AccessPointId;
  }
  if (id === undefined) throw new AppError('internal', 'AWS did not name the access point of a volume');
  await untilAvailable(site, id, tenantId, options);
  knownOf(site).set(key, id);
}

async function untilAvailable(site: Site, id: string, tenantId: string, options: CallOptions): Promise<void> {
  for (;;) {
    const [found] = await describe(site, { AccessPointId: id }, options);
    if (found && tagOf(found, tagNames.tenant) !== tenantId) {
      throw new AppError('conflict', 'The name of the volume is taken at AWS');
    }
    if (found?.LifeCycleState === 'available') return;
    if (options.signal.aborted) throw new AppError('timeout', 'AWS has not made the volume in time');
    await site.clock.sleep(pauseMs, options.signal);
  }
}

/** Throws not_found. */
export async function accessPointOf(site: Site, key: string, options: CallOptions): Promise<string> {
  const before = knownOf(site).get(key);
  if (before !== undefined) return before;
  const all = await describe(site, { FileSystemId: fileSystemOf(site) }, options);
  for (const point of all) remember(site, point);
  const found = knownOf(site).get(key);
  if (found === undefined) throw new AppError('not_found', 'A volume of the container is gone from AWS');
  return found;
}

function remember(site: Site, point: AccessPointDescription): void {
  const key = tagOf(point, tagNames.key);
  const isOurs = tagOf(point, tagNames.install) === site.installId && point.LifeCycleState !== 'deleted';
  if (isOurs && key !== undefined && point.AccessPointId !== undefined) knownOf(site).set(key, point.AccessPointId);
}

/** The access point goes; EFS keeps the files, which nobody can reach any more. */
async function removeVolume(site: Site, key: string, options: CallOptions): Promise<void> {
  if (site.settings.fileSystemId === null) return;
  const records = await listRecords(site, options);
  if (records.some(({ value }) => value.volumeKeys.includes(key))) {
    throw new AppError('conflict', 'The volume is in use');
  }
  let id: string;
  try {
    id = await accessPointOf(site, key, options);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return;
    throw error;
  }
  knownOf(site).delete(key);
  const command = new DeleteAccessPointCommand({ AccessPointId: id });
  try {
    const send = (http: { abortSignal: AbortSignal }) => site.clients.efs.send(command, http);
    await ask(site, { action: 'elasticfilesystem:DeleteAccessPoint', subject, send }, options);
  } catch (error) {
    if (!isAwsError(error, /AccessPointNotFound/)) throw error;
  }
}

/** Of this installation, with their tenants. */
export async function ownVolumes(site: Site, options: CallOptions): Promise<(VolumeRef & { handle: string })[]> {
  if (site.settings.fileSystemId === null) return [];
  const all = await describe(site, { FileSystemId: site.settings.fileSystemId }, options);
  return all
    .filter(
      (point) =>
        tagOf(point, tagNames.install) === site.installId && /available|creating/.test(point.LifeCycleState ?? ''),
    )
    .map((point) => ({
      key: tagOf(point, tagNames.key) ?? '',
      tenantId: tagOf(point, tagNames.tenant) ?? '',
      handle: point.AccessPointId ?? '',
    }));
}

async function describe(
  site: Site,
  which: { AccessPointId: string } | { FileSystemId: string },
  options: CallOptions,
): Promise<AccessPointDescription[]> {
  const found: AccessPointDescription[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeAccessPointsCommand({ ...which, ...(NextToken !== undefined && { NextToken }) });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.efs.send(command, http);
    const call = { action: 'elasticfilesystem:DescribeAccessPoints', subject, send };
    const page: DescribeAccessPointsCommandOutput = await ask(site, call, options);
    found.push(...(page.AccessPoints ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}

function fileSystemOf({ settings }: Site): string {
  if (settings.fileSystemId !== null) return settings.fileSystemId;
  throw new AppError('unsupported', 'volumes: Longshore has no file system for volumes in its AWS account');
}
