/**
 * AWS on 127.0.0.1 for tests: a real HTTP server that speaks the wire protocols of the services Longshore uses and runs
 * every ECS task as a container of the local Engine (or as nothing at all, for simulations).
 *
 * What decides validity: the service models that Debian's python3-botocore ships, with the newer members of the SDK's own
 * schemas, and beyond them the rules that AWS's documentation states in prose. It was written from those, not from what
 * Longshore sends, and shares nothing with src. A request that the models do not have is refused and stays in `violations`.
 *
 * What it does not do: charge, place tasks on hosts, enforce security group rules on single ports, quotas other than the
 * published request limits, KMS, services and deployments of ECS, other policy conditions than those of policies.ts.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AwsError } from './aws-error.ts';
import { type FakeClock, realClock } from './clock.ts';
import { codeBuild } from './codebuild/service.ts';
import { dispatch } from './dispatch.ts';
import { ec2 } from './ec2/service.ts';
import { Downloads } from './ecr/downloads.ts';
import { answerRegistry } from './ecr/registry.ts';
import { RegistryLogins } from './ecr/registry-logins.ts';
import { ecr } from './ecr/service.ts';
import { ecs } from './ecs/service.ts';
import { elasticFileSystem } from './efs/service.ts';
import { EventBus } from './events/event-bus.ts';
import { goodHabits, type Habits } from './habits.ts';
import { type HttpAnswer, type HttpRequest, readRequest } from './http-exchange.ts';
import { Identities } from './identities.ts';
import { logs } from './logs/service.ts';
import type { PolicyDocument } from './policies.ts';
import { jsonError } from './protocols/json.ts';
import type { TaskRuntime } from './runtime/runtime.ts';
import { virtualRuntime } from './runtime/virtual.ts';
import { answerS3 } from './s3/answer.ts';
import { secretsManager } from './secrets-manager/service.ts';
import type { Service } from './service.ts';
import { serviceDiscovery } from './service-discovery/service.ts';
import { parseSignature, type Signature, verifySignature } from './signing.ts';
import { Site } from './site.ts';
import { dataChannels } from './ssm/data-channel.ts';
import { ssm } from './ssm/service.ts';
import { SessionStore } from './ssm/session-store.ts';
import { sts } from './sts/service.ts';
import type { World } from './world.ts';

const services: readonly Service[] = [
  codeBuild,
  ec2,
  ecr,
  ecs,
  elasticFileSystem,
  logs,
  secretsManager,
  serviceDiscovery,
  ssm,
  sts,
];

export interface AwsFakeOptions {
  /** Real time unless a test brings a clock that it moves itself. */
  clock?: FakeClock;
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
  site(account: string, region: string): Site;
  /** Takes the task's Spot capacity away, with the warning that AWS gives. */
  interruptSpot(taskArn: string): void;
  /** Stops the task for the maintenance of what it runs on. */
  retire(taskArn: string): void;
  close(): Promise<void>;
}

export const defaultAccount = '111122223333';

export async function startAwsFake({
  clock,
  habits = goodHabits(),
  runtime = virtualRuntime(),
  dockerHost,
}: AwsFakeOptions = {}): Promise<AwsFake> {
  const failures: unknown[] = [];
  const time = clock ?? realClock((error) => failures.push(error));
  const identities = new Identities(time);
  const world: World = {
    clock: time,
    habits,
    identities,
    runtime,
    events: new EventBus(time, habits, (error) => failures.push(error)),
    sessions: new SessionStore(() => world.url),
    logins: new RegistryLogins(time),
    downloads: new Downloads(),
    violations: [],
    calls: [],
    failures,
    dockerHost,
    url: '',
  };
  const sites = new Map<string, Site>();
  const site = (account: string, region: string): Site => {
    const key = `${account}/${region}`;
    const known = sites.get(key) ?? new Site(world, account, region, (other) => site(account, other));
    sites.set(key, known);
    return known;
  };

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, world, site).catch((error) => {
      failures.push(error);
      outgoing.destroy();
    });
  });
  server.on('upgrade', dataChannels(world));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  world.url = `http://127.0.0.1:${address.port}`;

  let users = 0;
  return Object.assign(world, {
    site,
    addUser(account = defaultAccount, policies: PolicyDocument[] = []) {
      users += 1;
      const name = `user-${users}`;
      const accessKeyId = `AKIA${String(users).padStart(16, '0')}`;
      const secretAccessKey = `secret-of-${name}`;
      identities.add({ accessKeyId, secretAccessKey, account, arn: `arn:aws:iam::${account}:user/${name}`, policies });
      return { accessKeyId, secretAccessKey };
    },
    interruptSpot(taskArn: string) {
      taskOf(site, taskArn).stop('SpotInterruption', 'Your Spot Task was interrupted.');
    },
    retire(taskArn: string) {
      const text = 'ECS is performing maintenance on the underlying infrastructure hosting the task.';
      taskOf(site, taskArn).stop('TerminationNotice', text);
    },
    async close() {
      await runtime.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

function taskOf(site: AwsFake['site'], taskArn: string) {
  const [, , , region = '', account = '', path = ''] = taskArn.split(':');
  const found = site(account, region).ecs.tasks.get(path.split('/').at(-1) ?? '');
  if (!found) throw new Error(`there is no task ${taskArn}`);
  return found;
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  world: World,
  site: (account: string, region: string) => Site,
): Promise<void> {
  const request = await readRequest(incoming);
  const download = world.downloads.answer(request, world.clock.now());
  if (download) return send(outgoing, download);
  if (/^\/v2(\/|$)/.test(request.path)) return send(outgoing, answerRegistry(world, site, request));
  const signature = parseSignature(request);
  const service = services.find(({ signingName }) => signingName === signature?.service);
  if (!signature || (!service && signature.service !== 's3')) return send(outgoing, unsigned(signature));
  const home = site(world.identities.accountOf(signature.accessKeyId) ?? defaultAccount, signature.region);
  const who = () => identify(world, request, signature);
  const { answer, lost } = await (service ? dispatch(service, home, request, who) : answerS3(home, request, who));
  if (lost) outgoing.destroy();
  else send(outgoing, answer);
}

function identify(world: World, request: HttpRequest, signature: Signature) {
  const identity = world.identities.find(signature);
  verifySignature(request, signature, identity.secretAccessKey, Date.now());
  return identity;
}

function unsigned(signature: Signature | undefined): HttpAnswer {
  const error = signature
    ? new AwsError('UnknownOperationException', `The fake has no service ${signature.service}`, 404)
    : new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token', 403);
  return { ...jsonError(error, ''), status: error.status };
}

function send(outgoing: ServerResponse, { status, headers = {}, body = '' }: HttpAnswer): void {
  outgoing.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  outgoing.end(body);
}
