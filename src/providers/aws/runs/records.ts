/**
 * The record of a run: what was made and is not a task yet, which task it became, and how that ended. ECS knows neither a
 * container that waits to be started nor, after an hour, one that has ended.
 */
import { z } from 'zod';
import { errorCodes } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import {
  createDocument,
  type Document,
  listDocuments,
  readDocument,
  removeDocument,
  replaceDocument,
} from '../documents.ts';
import type { Site } from '../site.ts';

const date = z.coerce.date();

const ended = z.object({
  exitCode: z.number().nullable(),
  oomKilled: z.boolean(),
  interrupted: z.boolean(),
  startedAt: date.nullable(),
  finishedAt: date.nullable(),
  version: z.number(),
});

const runRecord = z.object({
  format: z.literal(1),
  key: z.string(),
  tenantId: z.string(),
  containerId: z.string(),
  incarnation: z.number(),
  imageId: z.string(),
  taskDefinition: z.string(),
  /** RunTask's, as they were made from the spec. */
  overrides: z.record(z.string(), z.unknown()),
  networks: z.array(z.object({ key: z.string(), aliases: z.array(z.string()) })),
  /** By which it is found in the names of its networks. */
  name: z.string(),
  volumeKeys: z.array(z.string()),
  ports: z.array(z.object({ containerPort: z.number(), hostPort: z.number(), protocol: z.enum(['tcp', 'udp']) })),
  hasHealthcheck: z.boolean(),
  /** Of its process, for those that are to be started beside it; empty: root, and the root folder. */
  user: z.string(),
  workdir: z.string(),
  /** Tasks of its container's earlier incarnations that have run, the oldest first: their log comes before its own. */
  earlierTasks: z.array(z.string()),
  /** A read-only root keeps the agent of exec from living in it. */
  allowsExec: z.boolean(),
  /** Of the image. */
  stopSignal: z.string(),
  /** The attempt at a start that is under way, or would be the next. Each is one task at most. */
  attempt: z.number(),
  /** When that attempt was first asked for; null: not yet. */
  askedAt: date.nullable(),
  taskArn: z.string().nullable(),
  /** The address that its names on its networks lead to; null: they lead nowhere. */
  namedAt: z.string().nullable(),
  /** Why the attempt before came to nothing; null when there was none, or it was stopped on request. */
  failure: z
    .object({ code: z.enum(errorCodes), message: z.string() })
    .nullable()
    .default(null),
  /** Its processes are frozen. */
  isPaused: z.boolean(),
  ended: ended.nullable(),
});
export type RunRecord = z.infer<typeof runRecord>;
export type RecordedRun = Document<RunRecord>;

/** Its task has the agent of exec, which acts with the task's role. */
export const hasAgent = ({ settings }: Site, { allowsExec }: RunRecord): boolean =>
  settings.taskRole !== null && allowsExec;

/** Null when there is none. */
export const readRecord = (site: Site, key: string, options: CallOptions): Promise<RecordedRun | null> =>
  readDocument(site, nameOf(key), runRecord, options);

/** Null when there is one under that key already. */
export async function createRecord(site: Site, record: RunRecord, options: CallOptions): Promise<RecordedRun | null> {
  const etag = await createDocument(site, nameOf(record.key), record, options);
  return etag === null ? null : { value: record, etag };
}

/** Null when somebody else changed or removed it since it was read. */
export async function changeRecord(
  site: Site,
  { value, etag }: RecordedRun,
  change: Partial<RunRecord>,
  options: CallOptions,
): Promise<RecordedRun | null> {
  const next = { ...value, ...change };
  const changed = await replaceDocument(site, nameOf(value.key), next, etag, options);
  return changed === null ? null : { value: next, etag: changed };
}

export const removeRecord = (site: Site, key: string, options: CallOptions): Promise<void> =>
  removeDocument(site, nameOf(key), options);

/** Reading many at once. */
const parallel = 32;
/** What was read before and has not changed since. */
const known = new WeakMap<Site, Map<string, RecordedRun>>();

/** Of this installation. */
export async function listRecords(site: Site, options: CallOptions): Promise<RecordedRun[]> {
  const names = await listDocuments(site, 'runs/', options);
  const before = known.get(site) ?? new Map<string, RecordedRun>();
  const found = new Map<string, RecordedRun>();
  for (let at = 0; at < names.length; at += parallel) {
    const reads = names.slice(at, at + parallel).map(async ({ name, etag }) => {
      const cached = before.get(name);
      const record = cached?.etag === etag ? cached : await readDocument(site, name, runRecord, options);
      if (record) found.set(name, record);
    });
    await Promise.all(reads);
  }
  known.set(site, found);
  return [...found.values()];
}

const nameOf = (key: string): string => `runs/${key}`;
