/** The AWS provider on a fake AWS without processes, whose time the tests move: a start takes as long as it does there. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateFileSystemCommand } from '@aws-sdk/client-efs';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { Clock } from '../../../src/domain/clock.ts';
import { systemClock, systemIds } from '../../../src/domain/clock.ts';
import { type ContainerSpecInput, containerSpec } from '../../../src/domain/container-spec.ts';
import { imageDetails } from '../../../src/domain/image.ts';
import { type AwsOptions, createAwsProvider } from '../../../src/providers/aws/aws.ts';
import { createClients } from '../../../src/providers/aws/clients.ts';
import { writeHeld } from '../../../src/providers/aws/images/held.ts';
import { createThrottle, ownBuckets } from '../../../src/providers/aws/throttle.ts';
import type { CreateInput, RunRef } from '../../../src/providers/provider.ts';
import { manualClock } from '../../aws-fake/clock.ts';
import { defaultAccount } from '../../aws-fake/front-door.ts';
import { goodHabits, realHabits } from '../../aws-fake/habits.ts';
import { inProcessHandler } from '../../aws-fake/in-process.ts';
import { virtualRuntime } from '../../aws-fake/runtime/virtual.ts';
import { startAwsFake } from '../../aws-fake/server.ts';
import { awsSettings } from './aws-settings.ts';

const region = 'eu-west-1';
export const live = { signal: new AbortController().signal };
/** How fast the fake's time passes while somebody waits. */
const stepMs = 50;

export type RunsBench = Awaited<ReturnType<typeof startRunsBench>>;

interface BenchOptions {
  spot?: boolean;
  /** Time passes by itself, for what has a clock of its own; tasks start at once. */
  inRealTime?: boolean;
}

export async function startRunsBench({ spot = false, inRealTime = false }: BenchOptions = {}) {
  const clock = manualClock();
  const runtime = virtualRuntime();
  const habits = inRealTime ? { ...goodHabits(), throttle: true } : realHabits();
  const fake = await startAwsFake({ runtime, habits, ...(!inRealTime && { clock }) });
  const aws = fake.site(defaultAccount, region);
  const clients = createClients({
    region,
    endpoint: fake.url,
    credentials: fake.addUser(),
    requestHandler: inProcessHandler(fake, fake.site),
  });
  const [installId, bucket] = [randomUUID(), 'records'];
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const { FileSystemId = '' } = await clients.efs.send(new CreateFileSystemCommand({ CreationToken: 'volumes' }));
  const settings = awsSettings({
    vpcId: aws.ec2.vpc.VpcId,
    subnetIds: [...aws.ec2.subnets.keys()],
    publicAddresses: true,
    ingressRanges: ['0.0.0.0/0'],
    executionRole: `arn:aws:iam::${defaultAccount}:role/execution`,
    taskRole: `arn:aws:iam::${defaultAccount}:role/task`,
    bucket,
    fileSystemId: FileSystemId,
    spot,
  });
  const movedTime: Clock = {
    now: () => clock.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const cancel = clock.after(ms, resolve);
        const leave = () => {
          cancel();
          resolve();
        };
        signal?.addEventListener('abort', leave, { once: true });
      }),
  };
  const time = inRealTime ? systemClock : movedTime;
  const registries = { hosts: [], loopback: true };
  const options = { settings, registries, installId, clock: time, ids: systemIds, clients };
  /** As another process would have it, which remembers nothing. */
  const anotherProvider = (own: Partial<AwsOptions> = {}) => createAwsProvider({ ...options, ...own });
  const provider = anotherProvider();

  const tenantId = randomUUID();
  const config = {
    ...{ entrypoint: null, command: ['serve'], env: [], workdir: '', user: '', labels: {}, exposedPorts: [] },
    ...{ volumes: [], stopSignal: null, healthcheck: null, shell: null, onBuild: [] },
  };
  const details = imageDetails.parse({
    ...{ id: `sha256:${'a'.repeat(64)}`, digest: null, os: 'linux', architecture: 'amd64', sizeBytes: 1 },
    ...{ createdAt: '', author: '', comment: '', config, layers: [], history: [] },
  });
  const uri = 'example.org/web:1';
  const access = { settings, prefix: settings.prefix, installId, clients, clock: time, ids: systemIds };
  const writer = { ...access, throttle: createThrottle(time, ownBuckets(time)), log: () => {} };
  const hold = (tenant: string, by = settings) =>
    passing(writeHeld({ ...writer, settings: by, prefix: by.prefix }, { uri, details }, tenant, live));

  /** Lets time pass until the work is done. */
  async function passing<T>(work: Promise<T>): Promise<T> {
    if (inRealTime) return work;
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    while (!isDone) {
      await pause(1);
      if (!isDone) await clock.advance(stepMs);
    }
    return work;
  }

  function input(spec: Partial<ContainerSpecInput> = {}, tenant = tenantId): CreateInput {
    const containerId = randomBytes(32).toString('hex');
    return {
      key: `ls-${containerId}-1`,
      tenantId: tenant,
      containerId,
      incarnation: 1,
      name: `c-${containerId.slice(0, 8)}`,
      spec: containerSpec.parse({ image: 'web', ...spec }),
      imageId: details.id,
      networks: [],
      volumes: [],
    };
  }

  async function create(spec?: Partial<ContainerSpecInput>): Promise<RunRef> {
    const wanted = input(spec);
    const { handle } = await passing(provider.create(wanted, live));
    return { key: wanted.key, handle };
  }
  const observe = (run: RunRef, by = provider) => passing(by.observe(run, live));

  /** Looks now and then until it is in that phase and not about to change. */
  async function until(run: RunRef, phase: string) {
    for (let looks = 0; looks < 200; looks++) {
      const seen = await observe(run);
      if (seen.kind === 'present' && seen.phase === phase && seen.starting !== true) return seen;
      await passing(time.sleep(500));
    }
    throw new Error(`it did not become ${phase}: ${JSON.stringify(await observe(run))}`);
  }

  async function running(spec?: Partial<ContainerSpecInput>): Promise<RunRef> {
    const run = await create(spec);
    await passing(provider.start(run, live));
    await until(run, 'running');
    return run;
  }

  const tasks = () => [...aws.ecs.tasks.values()].map(({ task }) => task);
  const calls = (action: string) => fake.calls.filter((call) => call.action === action);
  await hold(tenantId);
  return {
    ...{ fake, aws, clients, clock, time, runtime, provider, anotherProvider, tenantId, uri, live, passing },
    ...{ input, create, observe, until, running, tasks, calls, hold, close: () => fake.close() },
  };
}
