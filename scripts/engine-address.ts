/** Where a Docker Engine may be on this host, and whether one answers there. Starts none. */
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
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
export async function firstAnswering(hosts: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const host of hosts) if (await isUsableEngine(host, env)) return host;
  return undefined;
}

/** Whether an Engine that is new enough answers `GET /_ping` at this DOCKER_HOST within the time. */
export async function isUsableEngine(host: string, env: NodeJS.ProcessEnv = {}, timeoutMs = 2_000): Promise<boolean> {
  const version = await ping(host, env, timeoutMs);
  return version !== undefined && version.localeCompare(oldestApi, 'en', { numeric: true }) >= 0;
}

/** The Engine's API version, or undefined when none answers there. */
function ping(host: string, env: NodeJS.ProcessEnv, timeoutMs: number): Promise<string | undefined> {
  const options = { path: '/_ping', signal: AbortSignal.timeout(timeoutMs), agent: false };
  return new Promise((resolve) => {
    const request = host.startsWith('unix://')
      ? requestHttp({ ...options, socketPath: host.slice('unix://'.length) })
      : env.DOCKER_TLS_VERIFY
        ? requestHttps(host.replace(/^tcp:/, 'https:'), { ...options, ...certificates(env) })
        : requestHttp(host.replace(/^tcp:/, 'http:'), options);
    request.on('error', () => resolve(undefined));
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? String(response.headers['api-version'] ?? '') : undefined);
    });
    request.end();
  });
}

function certificates(env: NodeJS.ProcessEnv) {
  const folder = env.DOCKER_CERT_PATH ?? join(homedir(), '.docker');
  const read = (name: string) => readFileSync(join(folder, name));
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}
