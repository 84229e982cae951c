/** The AWS provider over the fake of AWS's services, all on the simulation's time: no socket, no process, no thread. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { AppError } from '../../src/domain/errors.ts';
import { createAwsProvider } from '../../src/providers/aws/aws.ts';
import { createClients } from '../../src/providers/aws/clients.ts';
import { readEvent } from '../../src/providers/aws/events.ts';
import { writeHeld } from '../../src/providers/aws/images/held.ts';
import { readStartedBy } from '../../src/providers/aws/naming.ts';
import { createThrottle, ownBuckets } from '../../src/providers/aws/throttle.ts';
import { defaultAccount } from '../aws-fake/front-door.ts';
import { type Habits, realHabits } from '../aws-fake/habits.ts';
import { type AwsFake, startAwsFake } from '../aws-fake/server.ts';
import { interruptibleRequests, type Network } from './aws-requests.ts';
import { scriptedRuntime } from './aws-runtime.ts';
import { awsTruth } from './aws-truth.ts';
import { type BoundaryContext, calm, type Weather } from './boundaries.ts';
import type { Machine, Surroundings } from './machine.ts';
import type { Mutant } from './mutants.ts';
import { heldDetails, INSTALL_ID, tenantIds } from './population.ts';
import { type Random, seededIds } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

const region = 'eu-west-1';
const bucket = 'records';
const minute = 60_000;

export async function openAwsMachine({ scheduler, random, outside, mutant, onHint }: Surroundings): Promise<Machine> {
  const failures: unknown[] = [];
  const clock = fakeClock(scheduler, outside, failures);
  const habits = drawHabits(random);
  const runtime = scriptedRuntime(clock, random.pick([2, 5, 10]));
  const fake = await startAwsFake({ clock, runtime, habits });
  const site = fake.site(defaultAccount, region);
  const credentials = fake.addUser();
  const settings = {
    prefix: 'longshore',
    vpcId: site.ec2.vpc.VpcId,
    subnetIds: [...site.ec2.subnets.keys()],
    publicAddresses: true,
    ingressRanges: [],
    executionRole: `arn:aws:iam::${defaultAccount}:role/execution`,
    // Exec's channel is a socket, which no simulation interrupts.
    taskRole: null,
    bucket,
    logRetentionDays: 30,
    fileSystemId: null,
    spot: random.chance(0.3),
    architecture: 'amd64' as const,
    ...{ pushRole: null, secretPrefix: null, forwarderImage: null, namespaceId: null, build: null, eventsQueue: null },
  };
  const clientsOf = (handle: AwsFake['requestHandler']['handle']) => {
    const clients = createClients({
      ...{ region, endpoint: fake.url, credentials },
      // What nobody answers is the caller's to ask again, which is where the SDK's own patience ends as well.
      ...{ maxAttempts: 1, retryMode: 'standard' },
      // Said, so that no client looks for them in files.
      ...{ useDualstackEndpoint: false, useFipsEndpoint: false, defaultsMode: 'standard' as const },
      requestHandler: { ...fake.requestHandler, handle },
    });
    const change = mutant?.command;
    if (change) {
      clients.ecs.middlewareStack.add((next, context) => (args) => next(changed(change, context.commandName, args)), {
        step: 'initialize',
      });
      clients.s3.middlewareStack.add((next, context) => (args) => next(changed(change, context.commandName, args)), {
        step: 'initialize',
      });
    }
    return clients;
  };

  const lateness = random.chance(0.5) ? random.next() * 0.05 : 0;
  const network: Network = {
    lateness: mutant?.lateness ?? lateness,
    clock: scheduler.clockOf(outside),
    failed: (error) => failures.push(error),
  };
  let weather = (): Weather => calm;
  habits.capacity = () => (random.chance(weather().providerError) ? { reason: 'Capacity is unavailable' } : undefined);
  fake.events.subscribe((event) => {
    const heard = readEvent(settings, JSON.stringify(event));
    if (heard) onHint(heard);
  });

  const outsiders = clientsOf(fake.requestHandler.handle);
  await outsiders.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const time = scheduler.clockOf(outside);
  const access = { settings, prefix: settings.prefix, installId: INSTALL_ID, clients: outsiders, clock: time };
  const writer = { ...access, ids: seededIds(random), throttle: createThrottle(time, ownBuckets(time)), log: () => {} };
  for (const tenantId of tenantIds) {
    const held = { uri: 'example.org/app:1', details: heldDetails(tenantId) };
    await writeHeld(writer, held, tenantId, { signal: new AbortController().signal });
  }

  const truth = awsTruth({ site, runtime, bucket });
  const shown = new Map();
  return {
    calmSeconds: [240, 700, 240],
    mostMoves: 6_000,
    mostSteps: 30_000,
    endsOnce: true,
    providerOf: (process: BoundaryContext, ids, skewMs) => {
      weather = process.weather;
      const handle = interruptibleRequests(fake.requestHandler, process, network, shown);
      return createAwsProvider({
        ...{ settings, installId: INSTALL_ID, ids, registries: { hosts: [], loopback: false } },
        clock: scheduler.clockOf(process.owner, skewMs),
        clients: clientsOf(handle),
        log: (event) => scheduler.note(process.owner.name, event),
      });
    },
    isDefect: (error) => error !== null && !(error instanceof AppError && error.code !== 'internal'),
    runs: truth.runs,
    up: truth.up,
    watch: truth.thrownBack,
    exitOne: () => {
      const up = [...runtime.running];
      if (up.length === 0) return null;
      const container = random.pick(up);
      const { startedBy } = site.ecs.tasks.get(container.taskId)?.task ?? {};
      container.end({ exitCode: random.pick([0, 1, 137]) });
      return readStartedBy(startedBy)?.key ?? null;
    },
    takeOne: () => {
      const live = [...site.ecs.tasks.values()].filter(({ task }) => task.desiredStatus === 'RUNNING');
      if (live.length === 0) return null;
      const { task } = random.pick(live);
      if (task.capacityProviderName === 'FARGATE_SPOT') fake.interruptSpot(task.taskArn);
      else fake.retire(task.taskArn);
      return readStartedBy(task.startedBy)?.key ?? null;
    },
    defects: () => [
      ...fake.violations.map(({ action, problem }) => `the fake refused ${action}: ${problem}`),
      ...[...fake.failures, ...failures].map((error) => `the fake failed: ${error}`),
    ],
    close: () => fake.close(),
  };
}

function changed<A extends { input: object }>(change: NonNullable<Mutant['command']>, name = '', args: A): A {
  return { ...args, input: change(name, { ...args.input }) as A['input'] };
}

/** Some schedules have a slow AWS that shows late what it did and forgets early; others a quick one. */
function drawHabits(random: Random): Habits {
  const habits = realHabits();
  const most = (ms: number) => (random.chance(0.7) ? random.below(ms) : 0);
  return {
    ...habits,
    throttle: false,
    delays: {
      provisioningMs: most(12_000),
      pendingMs: most(8_000),
      activatingMs: most(2_000),
      deactivatingMs: most(1_000),
      deprovisioningMs: most(10_000),
      execAgentMs: 0,
    },
    missingMs: most(30_000),
    // Scaled down, as is the time that a schedule takes: a day and an hour at AWS.
    tokenLifeMs: random.pick([20 * minute, 24 * 60 * minute]),
    rememberStoppedMs: random.pick([10 * minute, 60 * minute]),
  };
}

function fakeClock(scheduler: Scheduler, outside: Owner, failures: unknown[]) {
  const clock = scheduler.clockOf(outside);
  return {
    now: () => scheduler.now,
    after(ms: number, action: () => void | Promise<void>) {
      const cancelled = new AbortController();
      clock
        .sleep(Math.max(0, ms), cancelled.signal)
        .then(() => (cancelled.signal.aborted ? undefined : action()))
        .catch((error: unknown) => failures.push(error));
      return () => cancelled.abort();
    },
  };
}
