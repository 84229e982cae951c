/** A process that polls the queue of task state changes hears from it what happens, and lists tasks only to make up for losses. Needs Postgres. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import type { Ctx, Deps } from '../../src/context.ts';
import { buildDeps } from '../../src/deps.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { startWorker, type Worker } from '../../src/reconcile/worker.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { createRandom } from '../simulation/random.ts';
import { type AwsBackground, openAwsBackground } from '../support/aws-background.ts';
import { tenantCtx } from '../support/deps.ts';
import { listEvents } from '../support/events-of.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';

const random = createRandom(5, 1);
let aws: AwsBackground;
let database: TestDatabase;
let deps: Deps;
let ctx: Ctx;
let worker: Worker;
beforeAll(async () => {
  [aws, database] = await Promise.all([openAwsBackground(), testDatabase()]);
  const env = { ...aws.settings, LONGSHORE_AWS_EVENTS_QUEUE: aws.queueUrl, DATABASE_URL: database.url };
  deps = await buildDeps(parseConfig(env));
  ctx = await tenantCtx(deps, 'a');
  await aws.giveImage(deps, ctx);
  worker = startWorker(deps, { sweepSeconds: 600 });
});
afterAll(async () => {
  await worker.stop();
  await deps.db.close();
  const { failures, violations } = aws.fake;
  await aws.fake.close();
  await database.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

test('ends are heard of within seconds, once, and the queue is empty afterwards', async () => {
  aws.fake.habits.events = { copies: () => 3, delayMs: () => random.below(300), drop: () => false };
  const spec = containerSpec.parse({ image: 'app' });
  const made = await Promise.all(Array.from({ length: 12 }, () => createContainer(deps, ctx, { spec, start: true })));
  const lists = () => aws.fake.calls.filter(({ action }) => action === 'ecs:ListTasks').length;
  const before = lists();
  const began = performance.now();
  for (const [at, container] of [...aws.runtime.running].entries()) container.end({ exitCode: at + 1 });
  const codes = async () => {
    const seen = await Promise.all(made.map(({ container }) => getContainer(deps, ctx, container.id)));
    return seen.every(({ run }) => run.phase === 'exited') ? seen.map(({ run }) => run.exitCode).sort() : null;
  };
  expect(await waitFor(codes)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1).sort());
  const seconds = (performance.now() - began) / 1000;
  console.log(`twelve ends were known after ${seconds.toFixed(1)} s, with ${lists() - before} lists of tasks`);
  // The lists are for losses, once a minute; each is two, of what shall run and of what shall not.
  expect(lists() - before).toBeLessThanOrEqual(2);
  await waitFor(() => aws.queue.messages.length === 0);
  for (const { container } of made) {
    expect((await listEvents(database.url, container.id)).filter((type) => type === 'exited')).toHaveLength(1);
  }
  expect(aws.parked.messages).toEqual([]);
});

test('poison is parked while the others are taken', async () => {
  const { container } = await createContainer(deps, ctx, { spec: containerSpec.parse({ image: 'app' }), start: true });
  aws.queue.send('{"source":"aws.ecs","detail-type":"ECS Task State Change","detail":{}}');
  for (const each of aws.runtime.running) each.end({ exitCode: 0 });
  await waitFor(async () => (await getContainer(deps, ctx, container.id)).run.phase === 'exited');
  await waitFor(() => aws.parked.messages.length === 1);
  await waitFor(() => aws.queue.messages.length === 0);
});
