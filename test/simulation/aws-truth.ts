/** What there really is at the simulated AWS: records in the bucket, and tasks with or without one. */
import { z } from 'zod';
import { readStartedBy, startedBy } from '../../src/providers/aws/naming.ts';
import type { TaskRecord } from '../aws-fake/ecs/ecs-store.ts';
import type { VirtualRuntime } from '../aws-fake/runtime/virtual.ts';
import type { Site } from '../aws-fake/site.ts';
import { brief } from './boundaries.ts';
import type { TrueRun } from './machine.ts';

/** A start takes less, also when it is heard of late. */
const longestStartMs = 120_000;

const record = z.object({
  key: z.string(),
  attempt: z.number(),
  taskArn: z.string().nullable(),
  ended: z.object({}).nullable(),
  networks: z.array(z.object({ key: z.string(), aliases: z.array(z.string()) })),
});
type Written = z.infer<typeof record>;
/** Attempts are counted up; the task of one, and how it ended, are never forgotten. */
const isBefore = (now: Written, then: Written): boolean =>
  now.attempt < then.attempt ||
  (now.attempt === then.attempt && then.taskArn !== null && now.taskArn !== then.taskArn) ||
  (then.ended !== null && now.ended === null);

const outline = ({ attempt, taskArn, ended }: Written): string =>
  `attempt ${attempt}, ${taskArn === null ? 'no task' : `task ${taskArn.slice(-6)}`}${ended ? ', ended' : ''}`;

const noAddress = { address: null, prefixLength: null, gateway: null, mac: null };

export function awsTruth({ site, runtime, bucket }: { site: Site; runtime: VirtualRuntime; bucket: string }) {
  const isAlive = ({ id }: TaskRecord) => [...runtime.running].some(({ taskId }) => taskId === id);
  const tasks = () => [...site.ecs.tasks.values()];

  const taskOf = ({ key, attempt }: Written) => tasks().find(({ task }) => task.startedBy === startedBy(key, attempt));

  function phaseOf(run: Written): TrueRun['phase'] {
    const { taskArn, ended } = run;
    if (ended) return 'exited';
    const task = taskOf(run);
    if (!task) return taskArn === null ? 'created' : 'absent';
    if (isAlive(task)) return 'running';
    return task.task.containers.some(({ exitCode }) => exitCode !== undefined) ? 'exited' : 'created';
  }

  const written = () =>
    [...site.buckets.bucket(bucket).objects.values()]
      .filter(({ key }) => /\/runs\//.test(key))
      .map(({ bytes }) => record.parse(JSON.parse(bytes.toString('utf8'))));

  const isStarting = (run: Written) => {
    const task = taskOf(run);
    return task !== undefined && task.createdAtMs + longestStartMs > site.world.clock.now();
  };

  function runOf(key: string, phase: TrueRun['phase'], more: Partial<TrueRun> = {}): TrueRun {
    const [, containerId = '', incarnation = ''] = /^ls-([0-9a-f]{64})-(\d+)/.exec(key) ?? [];
    const none = { resources: null, networks: null, isStarting: false, endsOnce: true };
    return { ...none, key, containerId, incarnation: Number(incarnation), phase, ...more };
  }

  /** What each record said last, with the object that said it: another object is another write. */
  const said = new Map<string, { object: object; run: Written }>();

  /** Which records a write threw back, as one does that was not made from what there was. */
  function thrownBack(): string[] {
    const { objects } = site.buckets.bucket(bucket);
    for (const key of said.keys()) if (!objects.has(key)) said.delete(key);
    const found: string[] = [];
    for (const [key, object] of objects) {
      const before = said.get(key);
      if (before?.object === object || !key.includes('/runs/')) continue;
      const run = record.parse(JSON.parse(object.bytes.toString('utf8')));
      if (before && isBefore(run, before.run))
        found.push(`I7: the record of ${brief(run.key)} went back: ${outline(before.run)} to ${outline(run)}`);
      said.set(key, { object, run });
    }
    return found;
  }

  return {
    thrownBack,
    runs: (): TrueRun[] => {
      const records = written();
      const known = new Set(records.map(({ key, attempt }) => startedBy(key, attempt)));
      const strays = tasks().filter(
        (each) => (isAlive(each) || each.task.desiredStatus === 'RUNNING') && !known.has(each.task.startedBy ?? ''),
      );
      return [
        ...records.map((each) => {
          const places = each.networks.map(({ key, aliases }) => [key, { ...noAddress, aliases }] as const);
          return runOf(each.key, phaseOf(each), { networks: Object.fromEntries(places), isStarting: isStarting(each) });
        }),
        ...strays.map(({ task }) => runOf(readStartedBy(task.startedBy)?.key ?? '', 'running')),
      ];
    },
    up: () =>
      tasks()
        .filter(isAlive)
        .map(({ task }) => {
          const key = readStartedBy(task.startedBy)?.key ?? '';
          return { key: `${key} (${task.taskArn.slice(-6)})`, containerId: runOf(key, 'running').containerId };
        }),
  };
}
