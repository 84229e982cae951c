/** The events function under what EventBridge does at its worst: everything several times, late, and in no order. Needs Postgres. */
import { DescribeTasksCommand, ECSClient, ListTasksCommand, type Task } from '@aws-sdk/client-ecs';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { buildDeps } from '../../src/deps.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { takeQueueBatch } from '../../src/lambda/queue-batch.ts';
import { createContainer, listAllContainers } from '../../src/services/containers.ts';
import { drainTo } from '../aws-fake/sqs/event-source.ts';
import type { QueueMessage } from '../aws-fake/sqs/queue-store.ts';
import { createRandom } from '../simulation/random.ts';
import { type AwsBackground, openAwsBackground } from '../support/aws-background.ts';
import { tenantCtx } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';

const tasks = 240;
const messages = 10_000;
const random = createRandom(7, 1);
let aws: AwsBackground;
let database: TestDatabase;
let sql: postgres.Sql;
/** Of the process that takes requests, and of the function. */
let api: Deps;
let own: Deps;
let ctx: Ctx;

beforeAll(async () => {
  [aws, database] = await Promise.all([openAwsBackground(), testDatabase()]);
  sql = postgres({ ...connectionOptions(database.url), max: 1 });
  const env = { ...aws.settings, LONGSHORE_QUOTA_CONTAINERS: '1000', DATABASE_URL: database.url };
  [api, own] = await Promise.all([buildDeps(parseConfig(env)), buildDeps(parseConfig(env))]);
  ctx = await tenantCtx(api, 'a');
  await aws.giveImage(api, ctx);
});
afterAll(async () => {
  const { failures, violations } = aws.fake;
  await Promise.all([api.db.close(), own.db.close(), sql.end()]);
  await aws.fake.close();
  await database.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

const invoke = () => drainTo(aws.queue, (event) => takeQueueBatch(own, event, () => 60_000));

function shuffle(all: QueueMessage[]): void {
  for (let at = all.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [all[at], all[other]] = [all[other] as QueueMessage, all[at] as QueueMessage];
  }
}

/** What ECS says of every task there is. */
async function describeAll(): Promise<Map<string, Task>> {
  const ecs = new ECSClient({});
  const cluster = `longshore-${ctx.principal.tenantId}`;
  const arns: string[] = [];
  for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
    for (let nextToken: string | undefined; ; ) {
      const page = await ecs.send(new ListTasksCommand({ cluster, desiredStatus, nextToken }));
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
      if (nextToken === undefined) break;
    }
  }
  const found = new Map<string, Task>();
  for (let at = 0; at < arns.length; at += 100) {
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: arns.slice(at, at + 100) }));
    for (const task of tasks) found.set(task.startedBy?.split('/')[0] ?? '', task);
  }
  return found;
}

const inTheQueue = () => aws.queue.messages.length;

test('ten thousand of them leave every container as ECS describes its task, with one event for each change', async () => {
  const { habits } = aws.fake;
  let [published, sent] = [0, 0];
  const delayMs = () => {
    published += 1;
    return random.below(1_500);
  };
  habits.events = { copies: () => 4 + random.below(8), delayMs, drop: () => false };
  const { send } = aws.queue;
  aws.queue.send = (body) => {
    sent += 1;
    return send.call(aws.queue, body);
  };
  const spec = containerSpec.parse({ image: 'app' });
  for (let made = 0; made < tasks; made += 20) {
    await Promise.all(Array.from({ length: 20 }, () => createContainer(api, ctx, { spec, start: true })));
  }
  // A part of what was said of the starts arrives when most tasks are no more.
  const late = aws.queue.messages.splice(0, Math.floor(inTheQueue() / 3));
  shuffle(aws.queue.messages);
  let invocations = await invoke();

  const living = [...aws.runtime.running];
  for (const [at, container] of living.entries()) {
    if (at % 4 !== 3) container.end({ exitCode: random.below(256), outOfMemory: false });
  }
  const stopped = () => [...aws.site.ecs.tasks.values()].filter(({ task }) => task.lastStatus === 'STOPPED').length;
  await waitFor(() => stopped() === Math.ceil((living.length * 3) / 4), { timeoutMs: 30_000 });
  aws.queue.messages.push(...late);
  shuffle(aws.queue.messages);
  invocations += await invoke();
  await waitFor(() => sent === published);
  shuffle(aws.queue.messages);
  while (inTheQueue() > 0) invocations += await invoke();

  console.log(`${sent} messages about ${tasks} tasks in ${invocations} invocations`);
  expect(sent).toBeGreaterThanOrEqual(messages);
  expect(aws.parked.messages).toEqual([]);
  const described = await describeAll();
  const containers = await listAllContainers(own, ctx, {});
  expect(containers).toHaveLength(tasks);
  const seen = await sql<
    { key: string; phase: string; code: number | null }[]
  >`select r.provider_key as key, r.phase, r.exit_code as code
    from containers c join runs r on r.tenant_id = c.tenant_id and r.container_id = c.id and r.incarnation = c.incarnation`;
  const asEcsSays = seen.map(({ key }) => {
    const { lastStatus, containers: [main] = [] } = described.get(key) ?? {};
    const hasEnded = lastStatus === 'STOPPED';
    return { key, phase: hasEnded ? 'exited' : 'running', code: hasEnded ? (main?.exitCode ?? null) : null };
  });
  expect([...seen]).toEqual(asEcsSays);
  const told = await sql<
    { type: string; of: number; most: number }[]
  >`select type, count(*)::int as of, max(n)::int as most from (
      select type, resource_id, count(*) as n from events where kind = 'container' group by 1, 2) each group by 1 order by 1`;
  const ended = seen.filter(({ phase }) => phase === 'exited').length;
  expect([...told]).toEqual([
    { type: 'accepted.create', of: tasks, most: 1 },
    { type: 'created', of: tasks, most: 1 },
    { type: 'exited', of: ended, most: 1 },
    { type: 'started', of: tasks, most: 1 },
  ]);
}, 300_000);

test('a message that is no event is parked, and keeps no other of its batch from being taken', async () => {
  aws.fake.habits.events = { copies: () => 1, delayMs: () => 0, drop: () => false };
  const [container] = aws.runtime.running;
  aws.queue.send('poison');
  aws.queue.send(JSON.stringify({ source: 'aws.ecs', 'detail-type': 'ECS Service Action', detail: {} }));
  container?.end({ exitCode: 3 });
  const key = aws.site.ecs.tasks.get(container?.taskId ?? '')?.task.startedBy?.split('/')[0] ?? '';
  const ended = async () => {
    await invoke();
    const [row] = await sql`select phase, exit_code as code from runs where provider_key = ${key}`;
    return row?.phase === 'exited' && row.code === 3;
  };
  expect(await waitFor(ended)).toBe(true);
  await waitFor(async () => {
    await invoke();
    return aws.parked.messages.length > 0;
  });
  expect(aws.parked.messages.map(({ body }) => body)).toEqual(['poison']);
  expect(aws.queue.messages).toEqual([]);
});
