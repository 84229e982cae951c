/**
 * Requests to AWS as boundaries: before and after each of them others may run, and the process may stop for long or for ever.
 * Some fail before their effect, some lose their answer after it, some arrive when nobody waits for them any more, and some
 * answers about tasks are old ones.
 */
import { Readable } from 'node:stream';
import type { Clock } from '../../src/domain/clock.ts';
import type { AwsFake } from '../aws-fake/server.ts';
import { type BoundaryContext, brief, calm } from './boundaries.ts';

type Handle = AwsFake['requestHandler']['handle'];
type SdkRequest = Parameters<Handle>[0];

/** Names of errors as AWS and the SDK have them; credentials expire and are renewed. */
const failures = ['ServerException', 'ThrottlingException', 'ExpiredTokenException', 'TimeoutError'] as const;
const mostShown = 8;
const mostLateMs = 60_000;

/** The way to AWS, on which requests outlive who sent them. */
export interface Network {
  /** Chance that the sender gives up first. */
  lateness: number;
  clock: Clock;
  failed(error: unknown): void;
}

/** @param shown by ARN: what DescribeTasks has shown of a task, whoever asked */
export function interruptibleRequests(
  inner: AwsFake['requestHandler'],
  { scheduler, random, owner, weather }: BoundaryContext,
  network: Network,
  shown: Map<string, unknown[]>,
): Handle {
  return async (request) => {
    const label = labelOf(request);
    await scheduler.point(owner, label);
    if (random.chance(weather().providerError)) {
      const name = random.pick(failures);
      scheduler.note(owner.name, `${label} fails: ${name}`);
      throw Object.assign(new Error('AWS failed, as simulated.'), { name });
    }
    if (weather() !== calm && random.chance(network.lateness)) {
      const ms = random.below(mostLateMs);
      scheduler.note(owner.name, `${label} is given up, and will arrive in ${ms} ms`);
      network.clock
        .sleep(ms)
        .then(() => inner.handle(request))
        .catch(network.failed);
      throw Object.assign(new Error('timeout, as simulated'), { name: 'TimeoutError' });
    }
    const { response } = await inner.handle(request);
    await scheduler.point(owner, `${label} → ${response.statusCode}`);
    if (random.chance(weather().lostReply)) {
      scheduler.note(owner.name, `${label} loses its answer`);
      throw Object.assign(new Error('socket hang up, as simulated'), { code: 'ECONNRESET' });
    }
    if (!label.startsWith('DescribeTasks') || response.statusCode !== 200) return { response };
    const answer = await readJson(response.body);
    answer.tasks = answer.tasks?.map((task) => {
      const past = [...(shown.get(task.taskArn) ?? []), task].slice(-mostShown) as (typeof task)[];
      shown.set(task.taskArn, past);
      const told = random.chance(weather().staleAnswer) ? random.pick(past) : task;
      if (told.version !== task.version)
        scheduler.note(owner.name, `is shown the past: ${told.lastStatus} v${told.version}`);
      return told;
    });
    return { response: { ...response, body: Readable.from([Buffer.from(JSON.stringify(answer))]) } };
  };
}

interface DescribedTasks {
  tasks?: { taskArn: string; lastStatus: string; version: number }[];
}

async function readJson(body: Readable): Promise<DescribedTasks> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function labelOf({ method, path, headers, body }: SdkRequest): string {
  const bytes = body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : '';
  const text = typeof body === 'string' ? body : bytes.toString('utf8');
  const target = Object.entries(headers).find(([name]) => name.toLowerCase() === 'x-amz-target')?.[1];
  const subject = brief(/ls-[0-9a-f]{64}-\d+(\/\d+)?/.exec(text + path)?.[0] ?? '');
  const action = target?.split('.').at(-1) ?? /Action=(\w+)/.exec(text)?.[1] ?? `${method} ${brief(path)}`;
  return `${action} ${subject}`.trim();
}
