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
import { dispatch } from './dispatch.ts';
import { goodHabits, type Habits } from './habits.ts';
import { type HttpAnswer, type HttpRequest, readRequest } from './http-exchange.ts';
import { Identities } from './identities.ts';
import type { PolicyDocument } from './policies.ts';
import { jsonError } from './protocols/json.ts';
import type { Service } from './service.ts';
import { parseSignature, type Signature, verifySignature } from './signing.ts';
import { Site } from './site.ts';
import { sts } from './sts/service.ts';
import type { World } from './world.ts';

const services: readonly Service[] = [sts];

export interface AwsFakeOptions {
  /** Real time unless a test brings a clock that it moves itself. */
  clock?: FakeClock;
  habits?: Habits;
}

export interface AwsFake extends World {
  /** Credentials of a new user of the account. Without policies it may do everything. */
  addUser(account?: string, policies?: PolicyDocument[]): { accessKeyId: string; secretAccessKey: string };
  /** What the account has in the region, for a test to look at or to meddle with. */
  site(account: string, region: string): Site;
  close(): Promise<void>;
}

export const defaultAccount = '111122223333';

export async function startAwsFake({ clock, habits = goodHabits() }: AwsFakeOptions = {}): Promise<AwsFake> {
  const failures: unknown[] = [];
  const time = clock ?? realClock((error) => failures.push(error));
  const identities = new Identities(time);
  const world: World = { clock: time, habits, identities, violations: [], failures, url: '' };
  const sites = new Map<string, Site>();
  const site = (account: string, region: string) => {
    const key = `${account}/${region}`;
    const known = sites.get(key) ?? new Site(world, account, region);
    sites.set(key, known);
    return known;
  };

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, world, site).catch((error) => {
      failures.push(error);
      outgoing.destroy();
    });
  });
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
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  world: World,
  site: (account: string, region: string) => Site,
): Promise<void> {
  const request = await readRequest(incoming);
  const signature = parseSignature(request);
  const service = services.find(({ signingName }) => signingName === signature?.service);
  if (!signature || !service) return send(outgoing, unsigned(signature));
  const account = world.identities.accountOf(signature.accessKeyId) ?? defaultAccount;
  const { answer, lost } = await dispatch(service, site(account, signature.region), request, () =>
    identify(world, request, signature),
  );
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
  return jsonError(error, '');
}

function send(outgoing: ServerResponse, { status, headers = {}, body = '' }: HttpAnswer): void {
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  outgoing.end(body);
}
