/**
 * A bad line between a server and its Engine: a Unix socket that passes calls on and, by chance, delays, repeats or refuses
 * them or loses their answers after the effect. Streams of events break off. What it does to a call depends on its number.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom, type Random } from '../simulation/random.ts';

const faults = ['lost', 'torn', 'late', 'delayed', 'twice', 'refused', 'failed'] as const;
type Fault = (typeof faults)[number];

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface EngineProxy {
  dockerHost: string;
  /** The chance that something happens to a call; read at each. */
  chance: number;
  /** How often each fault struck. */
  readonly struck: Record<Fault, number>;
  /** How many calls came. */
  calls: number;
  /** Waited for before a call goes on to the Engine. */
  before: ((call: { path: string; body: string }) => Promise<void>) | null;
  close(): Promise<void>;
}

/** @param dockerHost `unix:///path` of the Engine; @param socketPath where the proxy listens */
export async function startEngineProxy(dockerHost: string, socketPath: string, seed: number): Promise<EngineProxy> {
  const enginePath = dockerHost.slice('unix://'.length);
  const struck = Object.fromEntries(faults.map((fault) => [fault, 0])) as Record<Fault, number>;
  const before = async (call: { path: string; body: string }) => proxy.before?.(call);
  const server = createServer((incoming, outgoing) => {
    proxy.calls += 1;
    const random = createRandom(seed, proxy.calls);
    const handled = incoming.url?.includes('/events')
      ? relayStream(enginePath, incoming, outgoing, random.chance(proxy.chance) ? random.below(10_000) : null)
      : relay(
          enginePath,
          incoming,
          outgoing,
          random,
          random.chance(proxy.chance) ? random.pick(faults) : null,
          struck,
          before,
        );
    handled.catch(() => outgoing.destroy());
  });
  const proxy: EngineProxy = {
    dockerHost: `unix://${socketPath}`,
    chance: 0,
    struck,
    calls: 0,
    before: null,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return proxy;
}

async function relay(
  enginePath: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  random: Random,
  fault: Fault | null,
  struck: Record<Fault, number>,
  before: (call: { path: string; body: string }) => Promise<void>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  await before({ path: incoming.url ?? '', body: body.toString() });
  const pass = () => ask(enginePath, incoming, body);
  if (fault !== null) struck[fault] += 1;

  if (fault === 'refused') return refuse(outgoing, random.pick([429, 500, 503]));
  if (fault === 'delayed') await sleep(pauseMs(random));
  let answer = await pass();
  if (fault === 'twice') {
    const second = await pass();
    if (random.chance(0.5)) answer = second;
  }
  if (fault === 'late') await sleep(pauseMs(random));
  if (fault === 'lost') outgoing.destroy();
  else if (fault === 'failed') refuse(outgoing, 500);
  else if (fault === 'torn') tear(outgoing, answer);
  else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
}

/** Mostly a moment, now and then longer than a lease. */
function pauseMs(random: Random): number {
  return random.chance(0.9) ? random.below(1_000) : 5_000 + random.below(4_000);
}

function refuse(outgoing: ServerResponse, status: number): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end('{"message":"the line is bad"}');
}

/** The head and half of the body, which is announced as longer than it is. */
function tear(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const { 'transfer-encoding': _, ...rest } = headers;
  outgoing.writeHead(status === 204 || status === 304 ? 200 : status, { ...rest, 'content-length': body.length + 10 });
  outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
}

async function ask(enginePath: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request({ socketPath: enginePath, method, path: url, headers, agent: false }, resolve);
    call.once('error', reject);
    call.end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode ?? 502, headers: response.headers, body: Buffer.concat(chunks) };
}

/** @param brokenAfterMs null lets it flow until either side ends it */
async function relayStream(
  enginePath: string,
  { method, url, headers }: IncomingMessage,
  outgoing: ServerResponse,
  brokenAfterMs: number | null,
): Promise<void> {
  const call = request({ socketPath: enginePath, method, path: url, headers, agent: false });
  outgoing.once('close', () => call.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve).once('error', reject).end();
  });
  const timer = brokenAfterMs === null ? undefined : setTimeout(() => outgoing.destroy(), brokenAfterMs);
  outgoing.once('close', () => clearTimeout(timer));
  outgoing.writeHead(response.statusCode ?? 502, response.headers).flushHeaders();
  response.once('error', () => outgoing.destroy()).pipe(outgoing);
}
