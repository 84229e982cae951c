/**
 * AWS on 127.0.0.1 for tests: a real HTTP server that speaks the wire protocols of the services Longshore uses and runs
 * every ECS task as containers of the local Engine (or as nothing at all, for simulations).
 *
 * What decides validity: the service models that Debian's python3-botocore ships, with the newer members of the SDK's own
 * schemas, and beyond them the rules that AWS's documentation states in prose. It was written from those, not from what
 * Longshore sends, and shares nothing with src. A request that the models do not have is refused and stays in
 * `violations`; what goes wrong in the fake itself stays in `failures`. Tests assert that both are empty.
 *
 * What it does not do: charge; quotas other than the published request limits; services and deployments of ECS; KMS;
 * rules of security groups on single ports or towards the Internet; the metadata endpoint inside of tasks; trust policies;
 * buses of EventBridge other than the default one, and its cron expressions; FIFO queues; lifecycle policies and scans of ECR.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FakeClock, realClock } from './clock.ts';
import { Doors } from './doors.ts';
import { Downloads } from './ecr/downloads.ts';
import { RegistryLogins } from './ecr/registry-logins.ts';
import { EventBus } from './events/event-bus.ts';
import { defaultAccount, respond, type Sites } from './front-door.ts';
import { goodHabits, type Habits } from './habits.ts';
import { readRequest } from './http-exchange.ts';
import { Identities } from './identities.ts';
import { inProcessHandler } from './in-process.ts';
import { requireModels } from './model/botocore.ts';
import type { PolicyDocument } from './policies.ts';
import type { TaskRuntime } from './runtime/runtime.ts';
import { virtualRuntime } from './runtime/virtual.ts';
import { Site } from './site.ts';
import { SessionStore } from './ssm/session-store.ts';
import type { World } from './world.ts';

export interface AwsFakeOptions {
  /** Real time unless a test brings a clock that it moves itself. */
  clock?: FakeClock;
  /** Good ones unless given; a test may change them at any moment. */
  habits?: Habits;
  /** What runs the containers; without one they are only pretended. */
  runtime?: TaskRuntime;
  /** The Engine that CodeBuild builds on; without one it builds nothing. */
  dockerHost?: string;
}

export interface AwsFake extends World {
  /** Credentials of a new user of the account. Without policies it may do everything. */
  addUser(account?: string, policies?: PolicyDocument[]): { accessKeyId: string; secretAccessKey: string };
  /** What the account has in the region, for a test to look at or to meddle with. */
  site: Sites;
  /** For a client's `requestHandler`: the same services without a socket. */
  requestHandler: ReturnType<typeof inProcessHandler>;
  /** Listens at another address of this machine as well, such as one that containers reach. Resolves with the URL. */
  openAt(host: string): Promise<string>;
  /** Takes the task's Spot capacity away, with the warning that AWS gives. */
  interruptSpot(taskArn: string): void;
  /** Stops the task for the maintenance of what it runs on. */
  retire(taskArn: string): void;
  close(): Promise<void>;
}

export async function startAwsFake(options: AwsFakeOptions = {}): Promise<AwsFake> {
  requireModels();
  const world = createWorld(options);
  const sites = new Map<string, Site>();
  const site = (account: string, region: string): Site => {
    const key = `${account}/${region}`;
    const known = sites.get(key) ?? new Site(world, account, region, (other) => site(account, other));
    sites.set(key, known);
    return known;
  };
  const doors = new Doors(world, (incoming, outgoing) => {
    answer(incoming, outgoing, world, site).catch((error) => {
      world.failures.push(error);
      outgoing.destroy();
    });
  });
  world.url = await doors.open('127.0.0.1');

  world.events.subscribe((event) => site(event.account, event.region).rules.deliver(event));

  let users = 0;
  return Object.assign(world, {
    site,
    requestHandler: inProcessHandler(world, site),
    openAt: (host: string) => doors.open(host),
    addUser(account = defaultAccount, policies: PolicyDocument[] = []) {
      users += 1;
      const name = `user-${users}`;
      const accessKeyId = `AKIA${String(users).padStart(16, '0')}`;
      const keys = { accessKeyId, secretAccessKey: `secret-of-${name}` };
      world.identities.add({ ...keys, account, arn: `arn:aws:iam::${account}:user/${name}`, policies });
      return keys;
    },
    interruptSpot(taskArn: string) {
      taskOf(site, taskArn).stop('SpotInterruption', 'Your Spot Task was interrupted.');
    },
    retire(taskArn: string) {
      const text = 'ECS is performing maintenance on the underlying infrastructure hosting the task.';
      taskOf(site, taskArn).stop('TerminationNotice', text);
    },
    async close() {
      await world.runtime.close();
      await doors.close();
    },
  });
}

function createWorld({ clock, habits = goodHabits(), runtime = virtualRuntime(), dockerHost }: AwsFakeOptions): World {
  const failures: unknown[] = [];
  const time = clock ?? realClock((error) => failures.push(error));
  const world: World = {
    clock: time,
    habits,
    identities: new Identities(time),
    runtime,
    events: new EventBus(time, habits, (error) => failures.push(error)),
    functions: new Map(),
    sessions: new SessionStore(() => world.url),
    logins: new RegistryLogins(time),
    downloads: new Downloads(),
    bucketRegions: new Map(),
    violations: [],
    calls: [],
    failures,
    dockerHost,
    url: '',
  };
  return world;
}

function taskOf(site: Sites, taskArn: string) {
  const [, , , region = '', account = '', path = ''] = taskArn.split(':');
  const found = site(account, region).ecs.tasks.get(path.split('/').at(-1) ?? '');
  if (!found) throw new Error(`there is no task ${taskArn}`);
  return found;
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, world: World, site: Sites): Promise<void> {
  const { answer, lost } = await respond(world, site, await readRequest(incoming));
  if (lost) {
    outgoing.destroy();
    return;
  }
  const { status, headers = {}, body = '' } = answer;
  outgoing.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  outgoing.end(body);
}
