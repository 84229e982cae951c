/** How the provider talks to an Engine: deadlines, versions, addresses, lost connections. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/domain/clock.ts';
import { containerSpec } from '../../../src/domain/container-spec.ts';
import { createDockerProvider } from '../../../src/providers/docker/docker.ts';
import type { CallOptions, Provider } from '../../../src/providers/provider.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type ScriptedEngine, scriptEngine } from './scripted-engine.ts';

const tenantId = 'tenant-1';
const run = { key: 'ls-1', handle: null };
const network = { key: 'net-1', tenantId, internal: false };
const volume = { key: 'vol-1', tenantId };
const imageId = `sha256:${'a'.repeat(64)}`;
const within = (ms: number): CallOptions => ({ signal: AbortSignal.timeout(ms) });

const opened: ScriptedEngine[] = [];
async function engine(...script: Parameters<typeof scriptEngine>): Promise<ScriptedEngine> {
  const made = await scriptEngine(...script);
  opened.push(made);
  return made;
}
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(opened.splice(0).map((made) => made.close()));
});

async function drain(source: AsyncIterable<unknown> | undefined): Promise<number> {
  let count = 0;
  for await (const _ of source ?? []) count++;
  return count;
}

/** Every call of the port that waits for an Engine. */
const calls: Record<string, (provider: Provider, options: CallOptions) => Promise<unknown> | undefined> = {
  ping: (provider, options) => provider.ping(options),
  create: (provider, options) => provider.create(createInput, options),
  start: (provider, options) => provider.start(run, options),
  observe: (provider, options) => provider.observe(run, options),
  stop: (provider, options) => provider.stop(run, null, 10, options),
  kill: (provider, options) => provider.kill(run, 'KILL', options),
  destroy: (provider, options) => provider.destroy(run, options),
  listOwned: (provider, options) => provider.listOwned(options),
  discard: (provider, options) =>
    provider.discard(
      { kind: 'volume', ...volume, handle: 'vol-1', containerId: null, incarnation: null, phase: null },
      options,
    ),
  pause: (provider, options) => provider.pause?.(run, options),
  unpause: (provider, options) => provider.unpause?.(run, options),
  rename: (provider, options) => provider.rename?.(run, 'web', [], options),
  logs: (provider, options) => drain(provider.logs(run, { ...options, follow: true })),
  exec: (provider, options) => provider.exec?.(run, { command: ['id'], env: {}, stdin: false, tty: false }, options),
  stats: (provider, options) => drain(provider.stats?.(run, options)),
  top: (provider, options) => provider.top?.(run, '', options),
  'images.pull': (provider, options) => drain(provider.images.pull(pullInput, options)),
  'images.inspect': (provider, options) => provider.images.inspect(imageId, options),
  'images.hold': (provider, options) => provider.images.hold(imageId, tenantId, options),
  'images.release': (provider, options) => provider.images.release(imageId, tenantId, options),
  'networks.ensure': (provider, options) => provider.networks.ensure(network, options),
  'networks.remove': (provider, options) => provider.networks.remove(network, options),
  'volumes.ensure': (provider, options) => provider.volumes.ensure(volume, options),
  'volumes.remove': (provider, options) => provider.volumes.remove(volume, options),
  'volumes.sizes': (provider, options) => provider.volumes.sizes([volume], options),
  warnings: (provider, options) => provider.warnings?.(options),
};
const createInput = {
  key: 'ls-1',
  tenantId,
  containerId: 'c'.repeat(64),
  incarnation: 1,
  name: 'web',
  spec: containerSpec.parse({ image: 'web' }),
  imageId,
  networks: [],
  volumes: [],
};
const pullInput = { domain: 'registry.example', path: 'web', tag: '1', digest: null, auth: null, tenantId };

describe('an Engine that takes requests and answers none', () => {
  test.for(Object.entries(calls))('%s ends at its deadline as a timeout', async ([, call]) => {
    const { provider } = await engine(() => undefined);
    await expect(call(provider, within(150))).rejects.toMatchObject({ code: 'timeout' });
  });

  test('watch ends with its signal, without an error', async () => {
    const { provider } = await engine(() => undefined);
    expect(await drain(provider.watch?.(within(150)))).toBe(0);
  });

  test('a call whose signal has aborted before is a timeout, and asks nothing', async () => {
    const { provider, requests } = await engine(() => undefined);
    await expect(provider.ping({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'timeout' });
    expect(requests).toEqual([]);
  });
});

describe('an Engine that is not there', () => {
  const absent = (dockerHost: string) =>
    createDockerProvider({ dockerHost, installId: 'install-1', publishAddress: '127.0.0.1', clock: systemClock });

  test.for(['unix:///nowhere/engine.sock', 'tcp://127.0.0.1:1'])('%s is unavailable', async (dockerHost) => {
    await expect(absent(dockerHost).ping(within(5_000))).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The Docker Engine cannot be reached',
    });
  });

  test.for(['ssh://host', 'npipe:////./pipe/docker_engine', 'engine', ''])('%j is no address', (dockerHost) => {
    expect(() => absent(dockerHost)).toThrow(/DOCKER_HOST must be/);
  });
});

describe('the version of the API', () => {
  const answering = (versions: { ApiVersion: string; MinAPIVersion: string }) =>
    engine(({ url }) => (url?.startsWith('/version') ? { json: versions } : { json: {} }));

  test('is 1.41 where the Engine still speaks it, and asked for once', async () => {
    const { provider, requests } = await answering({ ApiVersion: '1.51', MinAPIVersion: '1.24' });
    await provider.ping(within(5_000));
    await provider.ping(within(5_000));
    expect(requests).toEqual(['GET /version', 'GET /v1.41/_ping', 'GET /v1.41/_ping']);
  });

  test('is the oldest that a newer Engine speaks', async () => {
    const { provider, requests } = await answering({ ApiVersion: '1.52', MinAPIVersion: '1.44' });
    await provider.ping(within(5_000));
    expect(requests).toEqual(['GET /version', 'GET /v1.44/_ping']);
  });

  test('is refused where the Engine is too old', async () => {
    const { provider } = await answering({ ApiVersion: '1.40', MinAPIVersion: '1.12' });
    await expect(provider.ping(within(5_000))).rejects.toMatchObject({ code: 'unsupported' });
  });
});

test("DOCKER_HOST and its kin in the environment change nothing: the provider's own address counts", async () => {
  vi.stubEnv('DOCKER_HOST', 'tcp://127.0.0.1:1');
  vi.stubEnv('DOCKER_TLS_VERIFY', '1');
  vi.stubEnv('DOCKER_CLIENT_TIMEOUT', '1');
  const { provider, requests } = await engine(() => ({ json: { ApiVersion: '1.41', MinAPIVersion: '1.12' } }));
  await provider.ping(within(5_000));
  expect(requests).toHaveLength(2);
});

test('a name that is none of ours never reaches the Engine', async () => {
  const { provider, requests } = await engine(() => undefined);
  for (const key of ['', '..', 'a/../../version', 'a%2f..%2f..%2fversion', 'a?force=1', '-a']) {
    await expect(provider.observe({ key, handle: null }, within(5_000))).rejects.toMatchObject({ code: 'internal' });
  }
  await expect(provider.images.inspect('a/../b', within(5_000))).rejects.toMatchObject({ code: 'invalid' });
  expect(requests).toEqual([]);
});

test('a connection that breaks in the middle of a stream is unavailable', async () => {
  const { provider } = await engine((request, response) => {
    if (!request.url?.includes('/stats')) return undefined;
    response.write('{"read":');
    setImmediate(() => request.socket.destroy());
    return undefined;
  });
  await expect(drain(provider.stats?.(run, within(5_000)))).rejects.toMatchObject({ code: 'unavailable' });
});

test('a connection that breaks in the middle of an answer is unavailable at once', async () => {
  const { provider } = await engine((request, response) => {
    if (!request.url?.includes('/containers/')) return undefined;
    response.writeHead(200, { 'content-length': 100 }).write('{"Id":');
    setImmediate(() => request.socket.destroy());
    return undefined;
  });
  await expect(provider.observe(run, within(5_000))).rejects.toMatchObject({ code: 'unavailable' });
});

test('watch goes on after the connection broke, and says so in the log', async () => {
  let connections = 0;
  const { provider, logged } = await engine((request, response) => {
    if (!request.url?.includes('/events')) return undefined;
    connections++;
    const hint = { Action: 'start', Actor: { Attributes: { 'longshore.container': `c${connections}` } } };
    response.write(`${JSON.stringify(hint)}\n`);
    setImmediate(() => request.socket.destroy());
    return undefined;
  });
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const { containerId } of provider.watch?.(stop) ?? []) {
    seen.push(containerId);
    if (seen.length === 2) stop.abort();
  }
  expect(seen).toEqual(['c1', 'c2']);
  await waitFor(() => logged.length > 0);
});

test('an endpoint that a dead Engine left behind is taken away, and the container starts', async () => {
  let isStale = true;
  const message = 'endpoint with name ls-1 already exists in network net-1';
  const { provider, requests, logged } = await engine(({ url }) => {
    if (url?.includes('/disconnect')) isStale = false;
    if (url?.startsWith('/version')) return undefined;
    return url?.includes('/start') && isStale ? { status: 403, json: { message } } : { json: {} };
  });
  await provider.start(run, within(5_000));
  expect(requests.slice(1)).toEqual([
    'POST /v1.41/containers/ls-1/start',
    'POST /v1.41/containers/ls-1/rename?name=ls-1-aside',
    'POST /v1.41/networks/net-1/disconnect',
    'POST /v1.41/containers/ls-1-aside/rename?name=ls-1',
    'POST /v1.41/containers/ls-1/start',
  ]);
  expect(logged).toEqual(['endpoint left behind']);
});

const inspectedRun = {
  Id: 'a'.repeat(64),
  Name: '/ls-1',
  State: {
    Status: 'running',
    ExitCode: 0,
    OOMKilled: false,
    StartedAt: '2026-01-01T00:00:00Z',
    FinishedAt: '0001-01-01T00:00:00Z',
  },
  Config: { Tty: false },
  HostConfig: { NetworkMode: 'net-1' },
  NetworkSettings: {},
};

describe('a network that the Engine says is in use', () => {
  const scripted = (containers: object, refusals: number) => {
    let left = refusals;
    return engine(({ method, url }) => {
      if (method === 'GET' && url?.startsWith('/v1.41/networks/net-1')) return { json: { Containers: containers } };
      if (method !== 'DELETE') return undefined;
      if (left-- <= 0) return { status: 204, json: null };
      return {
        status: 403,
        json: { message: 'error while removing network: network net-1 id 1 has active endpoints' },
      };
    });
  };

  test('stays while something is attached', async () => {
    const { provider, requests } = await scripted({ web: {} }, 1);
    await expect(provider.networks.remove(network, within(5000))).rejects.toMatchObject({ code: 'conflict' });
    expect(requests.filter((request) => request.startsWith('DELETE'))).toHaveLength(1);
  });

  test('goes when the last endpoint has left the count', async () => {
    const { provider, requests, logged } = await scripted({}, 2);
    await provider.networks.remove(network, within(5000));
    expect(requests.filter((request) => request.startsWith('DELETE'))).toHaveLength(3);
    expect(logged).toEqual([]);
  });

  test('holds nobody up when the count is wrong for good, which is logged', async () => {
    const { provider, logged } = await scripted({}, Number.POSITIVE_INFINITY);
    await provider.networks.remove(network, within(5000));
    expect(logged).toEqual(['network kept by a wrong count of endpoints until the Engine is restarted']);
  });
});

test('a call of several steps begins no further one when its caller has lost the right to', async () => {
  let isHeld = true;
  const { provider, requests } = await engine(({ url }) => {
    if (url?.startsWith('/version')) return undefined;
    isHeld = false; // as if the process had slept before this answer was read
    return { json: inspectedRun };
  });
  const stopping = provider.stop(run, 'TERM', 10, { ...within(5_000), mayAct: () => isHeld });
  await expect(stopping).rejects.toMatchObject({ code: 'timeout' });
  expect(requests.slice(1)).toEqual(['GET /v1.41/containers/ls-1/json']);
});

describe('warnings about the Engine', () => {
  const withRunc = (runc: string) =>
    engine(() => ({
      json: { ApiVersion: '1.41', MinAPIVersion: '1.12', Components: [{ Name: 'runc', Version: runc }] },
    }));

  test.for(['1.1.5+ds1', '1.0.0-rc10', '1.1.11', 'v1.1.9'])('runc %s is warned about', async (runc) => {
    const { provider } = await withRunc(runc);
    const [warning, ...others] = (await provider.warnings?.(within(5_000))) ?? [];
    expect(warning).toContain(runc);
    expect(warning).toContain('CVE-2024-21626');
    expect(others).toEqual([]);
  });

  test.for(['1.1.12', '1.1.12-0ubuntu', '1.2.0', '1.10.1'])('runc %s is not', async (runc) => {
    const { provider } = await withRunc(runc);
    expect(await provider.warnings?.(within(5_000))).toEqual([]);
  });
});
