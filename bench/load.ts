/** Load on one URL from a process of its own: autocannon, which costs little of the processor that it shares. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { z } from 'zod';

const require = createRequire(import.meta.url);

const report = z.object({
  requests: z.object({ total: z.number() }),
  duration: z.number(),
  errors: z.number(),
  non2xx: z.number(),
  statusCodeStats: z.record(z.string(), z.object({ count: z.number() })),
});

export interface Load {
  url: string;
  headers?: Record<string, string>;
  /** Of a Unix socket instead of the URL's host. */
  socketPath?: string;
  connections: number;
  seconds: number;
  signal: AbortSignal;
}

/** Requests per second. Throws when one of them failed: a refusal is fast and would count. */
export async function requestsPerSecond({
  url,
  headers = {},
  socketPath,
  connections,
  seconds,
  signal,
}: Load): Promise<number> {
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
  const through = socketPath === undefined ? [] : ['-S', socketPath];
  const args = [
    require.resolve('autocannon'),
    '-j',
    '-c',
    String(connections),
    '-d',
    String(seconds),
    ...fields,
    ...through,
    url,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], signal });
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) output += chunk;
  const { requests, duration, errors, non2xx, statusCodeStats } = report.parse(JSON.parse(output));
  if (errors + non2xx > 0) {
    const statuses = Object.entries(statusCodeStats).map(([status, { count }]) => `${count} x ${status}`);
    throw new Error(
      `Not all of the requests to ${url} succeeded: ${[...statuses, `${errors} x no answer`].join(', ')}`,
    );
  }
  return requests.total / duration;
}
