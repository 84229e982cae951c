/** Where a Docker Engine may be on this host, and whether one answers there. Starts none. */
import { get } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The oldest Engine API that Longshore speaks (Engine 20.10). */
const oldestApi = '1.41';

/** The sockets where installed Engines listen, in the order in which they are tried. */
export function usualHosts(env: NodeJS.ProcessEnv): string[] {
  const runtime = env.XDG_RUNTIME_DIR;
  return [
    'unix:///var/run/docker.sock',
    ...(runtime ? [`unix://${join(runtime, 'docker.sock')}`] : []),
    `unix://${join(homedir(), '.docker/run/docker.sock')}`,
  ];
}

/** The first of the hosts where a usable Engine answers. */
export async function firstAnswering(hosts: readonly string[]): Promise<string | undefined> {
  for (const host of hosts) if (await isUsableEngine(host)) return host;
  return undefined;
}

/** Whether an Engine that is new enough answers `GET /_ping` at this DOCKER_HOST, unix:// or tcp://, within the time. */
export async function isUsableEngine(dockerHost: string, timeoutMs = 2_000): Promise<boolean> {
  const version = await ping(dockerHost, timeoutMs);
  return version !== undefined && version.localeCompare(oldestApi, 'en', { numeric: true }) >= 0;
}

/** The Engine's API version, or undefined when none answers there. */
function ping(dockerHost: string, timeoutMs: number): Promise<string | undefined> {
  const { protocol, hostname, port, pathname } = new URL(dockerHost);
  const address = protocol === 'unix:' ? { socketPath: pathname } : { hostname, port: port || 2375 };
  return new Promise((resolve) => {
    get({ ...address, path: '/_ping', agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? String(response.headers['api-version'] ?? '') : undefined);
    }).on('error', () => resolve(undefined));
  });
}
