/**
 * What must not get through the Docker door. Each case is one trick; what counts is not the answer but that nothing happened:
 * no container on the Engine breaks the rules, the other tenant's objects are as they were, and nothing of them was told.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { openDocker, testDockerHost } from '../../support/engine.ts';
import { type RawAnswer, rawRequest, sendRaw } from '../../support/raw-http.ts';

const canary = 'canary-8f1c6b2e7d';
const engine = () => openDocker(testDockerHost());

let app: TestApp;
/** Of tenant B. */
let foreign: { id: string; execId: string; before: string };
/** Of tenant A. */
let own: string;
const answers: RawAnswer[] = [];

beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  await app.b.admin.expect(201, 'POST', '/v1/volumes', { name: 'data' });
  await app.b.admin.expect(201, 'POST', '/v1/networks', { name: 'inner' });
  const { id } = await app.b.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', {
    name: 'victim',
    image: app.image,
    command: ['sh', '-c', `echo ${canary} > /data/secret; sleep 600`],
    env: { SECRET: canary },
    labels: { secret: canary },
    mounts: [{ type: 'volume', source: 'data', target: '/data' }],
    networks: [{ name: 'inner' }],
    start: true,
  });
  const { Id: execId } = (
    await send(app.b.admin.key, 'POST', `/containers/${id}/exec`, { Cmd: ['cat', '/data/secret'] })
  ).json as { Id: string };
  const made = { name: 'mine', image: app.image, command: ['sleep', '600'] };
  own = (await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', made)).id;
  foreign = { id, execId, before: await stateOf(id) };
  answers.length = 0;
});

afterEach(async () => {
  const told = answers.splice(0).map(({ headers, body }) => JSON.stringify(headers) + body);
  expect(told.filter((text) => text.includes(canary))).toEqual([]);
  expect(await stateOf(foreign.id)).toBe(foreign.before);
  await expectRulesKept();
});

afterAll(() => app?.close());

/** Of the other tenant's container at the Engine: everything but what the clock moves. */
async function stateOf(id: string): Promise<string> {
  const { Id, Name, State, HostConfig, Config, Mounts } = await inspectAtEngine(id);
  const networks = Object.keys((await inspectAtEngine(id)).NetworkSettings.Networks);
  return JSON.stringify({
    Id,
    Name,
    status: State.Status,
    started: State.StartedAt,
    HostConfig,
    Config,
    Mounts,
    networks,
  });
}

async function inspectAtEngine(id: string) {
  const [found] = await engine().listContainers({ all: true, filters: { label: [`longshore.container=${id}`] } });
  return engine()
    .getContainer(found?.Id ?? 'missing')
    .inspect();
}

/** Others use this Engine too. */
async function containersOfOurs() {
  const owned = await app.deps.provider.listOwned({ signal: AbortSignal.timeout(20_000) });
  return owned.filter(({ kind }) => kind === 'container');
}

/** Every container of this installation is confined as it must be. */
async function expectRulesKept(): Promise<void> {
  for (const { handle } of await containersOfOurs()) {
    const { HostConfig, Mounts } = await engine().getContainer(handle).inspect();
    expect(HostConfig).toMatchObject({ Privileged: false, PidMode: '', CapDrop: ['ALL'] });
    expect(HostConfig.SecurityOpt).toContain('no-new-privileges');
    expect(HostConfig.NetworkMode).not.toBe('host');
    expect(Mounts.filter((mount) => mount.Type === 'bind')).toEqual([]);
  }
}

async function raw(bytes: string): Promise<RawAnswer[]> {
  const got = await sendRaw(app.url, bytes);
  answers.push(...got);
  return got;
}

const head = (method: string, target: string, more: string[] = [], key = app.a.admin.key) => [
  `${method} ${target} HTTP/1.1`,
  'Host: longshore',
  `Authorization: Bearer ${key}`,
  ...more,
];

/** A body exactly as written, as JSON unless another type is given. */
async function post(target: string, body: string, type = 'application/json'): Promise<RawAnswer> {
  const lines = [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
  const [answer] = await raw(rawRequest(head('POST', target, lines), body));
  if (!answer) throw new Error('no answer');
  return answer;
}

async function send(key: string, method: string, path: string, body?: unknown) {
  const response = await fetch(app.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  answers.push({ status: response.status, headers: {}, body: text });
  return { status: response.status, text, json: text.startsWith('{') ? JSON.parse(text) : null };
}

const image = () => JSON.stringify(app.image);

const bodies: Record<string, () => string> = {
  'fields of HostConfig at the top': () => `{"Image":${image()},"Privileged":true,"Binds":["/:/host"]}`,
  'HostConfig in lower case': () => `{"Image":${image()},"hostconfig":{"privileged":true}}`,
  'HostConfig twice, which Go merges': () =>
    `{"Image":${image()},"HostConfig":{"Privileged":true},"HostConfig":{"Memory":67108864}}`,
  'a letter that Unicode folds to another': () => `{"Image":${image()},"Ho\\u017ftConfig":{"Bind\\u017f":["/:/host"]}}`,
  'two documents in one body': () => `{"Image":${image()},"HostConfig":{"Privileged":true}}{"Image":${image()}}`,
  'a privileged container in plain words': () => `{"Image":${image()},"HostConfig":{"Privileged":true}}`,
  'a path of the host': () => `{"Image":${image()},"HostConfig":{"Binds":["/etc:/host"]}}`,
  "the host's network": () => `{"Image":${image()},"HostConfig":{"NetworkMode":"host"}}`,
  "the host's processes": () => `{"Image":${image()},"HostConfig":{"PidMode":"host"}}`,
  "another tenant's container as network": () =>
    `{"Image":${image()},"HostConfig":{"NetworkMode":"container:${foreign.id}"}}`,
  "another tenant's container as source of volumes": () =>
    `{"Image":${image()},"HostConfig":{"VolumesFrom":["${foreign.id.slice(0, 12)}"]}}`,
  'all capabilities': () => `{"Image":${image()},"HostConfig":{"CapAdd":["ALL"]}}`,
  'a confinement switched off': () => `{"Image":${image()},"HostConfig":{"SecurityOpt":["seccomp=unconfined"]}}`,
  'labels of the control plane': () => `{"Image":${image()},"Labels":{"longshore.tenant":"x"}}`,
  'a volume driver with options of the host': () =>
    `{"Image":${image()},"HostConfig":{"Mounts":[{"Type":"volume","Target":"/x","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/"}}}}]}}`,
  'a device': () =>
    `{"Image":${image()},"HostConfig":{"Devices":[{"PathOnHost":"/dev/sda","PathInContainer":"/dev/x","CgroupPermissions":"rwm"}]}}`,
};

test.each(Object.entries(bodies))('create refuses %s, and makes nothing', async (_, body) => {
  const before = (await containersOfOurs()).length;
  const { status } = await post('/v1.44/containers/create', body());
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect((await containersOfOurs()).length).toBe(before);
});

test('a body padded beyond what is looked at is refused whole', async () => {
  const body = `{"Image":${image()},${' '.repeat(2 * 1024 * 1024)}"HostConfig":{"Privileged":true}}`;
  expect((await post('/v1.44/containers/create', body)).status).toBe(413);
});

test('start takes no HostConfig, as it did in old versions', async () => {
  const { status } = await post(`/v1.24/containers/${own}/start`, '{"HostConfig":{"Binds":["/:/host"]}}');
  expect(status).toBe(400);
  expect((await inspectAtEngine(own)).State.Running).toBe(false);
});

test('a form does not overrule the query', async () => {
  const type = 'application/x-www-form-urlencoded';
  await post('/v1.44/containers/prune?filters=%7B%22label%22%3A%5B%22no-such%22%5D%7D', 'filters=%7B%7D', type);
  expect((await send(app.a.admin.key, 'GET', `/v1.44/containers/${own}/json`)).status).toBe(200);
});

const disguises = () => [
  `/%63ontainers/${foreign.id}/json`,
  `/v1.44/containers/%2e%2e/containers/${foreign.id}/json`,
  `/v1.44/containers/../containers/${foreign.id}/json`,
  `//containers/${foreign.id}/json`,
  `/v1.44/containers/x%2f..%2f${foreign.id}/json`,
  `/v1.44/containers/${foreign.id}/json%00`,
  `http://longshore/containers/${foreign.id}/json`,
  `/v1.44/containers/${foreign.id}\\json`,
];

test('a path in disguise reaches nothing', async () => {
  for (const target of disguises()) {
    const [answer] = await raw(rawRequest(head('GET', target, ['Connection: close'])));
    expect([400, 404]).toContain(answer?.status);
  }
});

test('a request behind an upgrade is a request of its own, with its own credential', async () => {
  const second = rawRequest(['GET /v1.44/containers/json?all=1 HTTP/1.1', 'Host: longshore', 'Connection: close']);
  const upgrade = ['Connection: Upgrade', 'Upgrade: tcp'];
  const [first, next] = await raw(rawRequest(head('GET', '/_ping', upgrade, app.b.admin.key)) + second);
  expect(first?.status).toBe(200);
  expect([undefined, 401]).toContain(next?.status);
});

test('what follows a refused upgrade is not read', async () => {
  const upgrade = ['Connection: Upgrade', 'Upgrade: tcp', 'Content-Length: 0'];
  const second = rawRequest(head('GET', '/v1.44/containers/json?all=1', [], app.b.admin.key));
  const got = await raw(
    rawRequest(head('POST', `/v1.44/containers/${foreign.id}/attach?stream=1&stdout=1`, upgrade)) + second,
  );
  expect(got.map(({ status }) => status)).toEqual([404]);
});

test('a body with two lengths is refused', async () => {
  const both = ['Content-Type: application/json', 'Content-Length: 5', 'Transfer-Encoding: chunked'];
  const [answer] = await raw(
    rawRequest(head('POST', '/v1.44/containers/create', both), '0\r\n\r\nGET / HTTP/1.1\r\n\r\n'),
  );
  expect(answer?.status).toBe(400);
});

test('two keys in one request are refused', async () => {
  const twice = [`Authorization: Bearer ${app.b.admin.key}`, 'Connection: close'];
  const [answer] = await raw(rawRequest(head('GET', '/v1.44/containers/json?all=1', twice)));
  expect([400, 401]).toContain(answer?.status);
});

test("another tenant's container is answered like one that does not exist, by id, prefix and name", async () => {
  const missing = 'f'.repeat(64);
  const calls: [method: string, path: (ref: string) => string, body?: unknown][] = [
    ['GET', (ref) => `/v1.44/containers/${ref}/json`],
    ['GET', (ref) => `/v1.44/containers/${ref}/logs?stdout=1`],
    ['POST', (ref) => `/v1.44/containers/${ref}/start`],
    ['POST', (ref) => `/v1.44/containers/${ref}/stop`],
    ['POST', (ref) => `/v1.44/containers/${ref}/kill`],
    ['POST', (ref) => `/v1.44/containers/${ref}/wait`],
    ['POST', (ref) => `/v1.44/containers/${ref}/rename?name=stolen`],
    ['POST', (ref) => `/v1.44/containers/${ref}/attach?stream=1&stdout=1`],
    ['POST', (ref) => `/v1.44/containers/${ref}/resize?h=1&w=1`],
    ['POST', (ref) => `/v1.44/containers/${ref}/exec`, { Cmd: ['true'] }],
    ['DELETE', (ref) => `/v1.44/containers/${ref}?force=1`],
  ];
  for (const [method, path, body] of calls) {
    const expected = await send(app.a.admin.key, method, path(missing), body);
    expect(expected.status).toBe(404);
    for (const ref of [foreign.id, foreign.id.slice(0, 12), 'victim']) {
      const got = await send(app.a.admin.key, method, path(ref), body);
      answers.pop();
      expect({ status: got.status, text: got.text.replaceAll(ref, missing) }).toEqual({
        status: expected.status,
        text: expected.text,
      });
    }
  }
});

test("another tenant's command cannot be started or asked about", async () => {
  for (const path of [`/v1.44/exec/${foreign.execId}/json`]) {
    expect((await send(app.a.admin.key, 'GET', path)).status).toBe(404);
  }
  expect((await send(app.a.admin.key, 'POST', `/v1.44/exec/${foreign.execId}/start`, { Detach: false })).status).toBe(
    404,
  );
});

test("a filter that names another tenant's object finds nothing of it", async () => {
  const filters = [{ since: [foreign.id] }, { before: ['victim'] }];
  for (const filter of filters) {
    const path = `/v1.44/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filter))}`;
    expect((await send(app.a.admin.key, 'GET', path)).status).toBe(404);
    answers.pop();
  }
  for (const filter of [
    { label: [`secret=${canary}`] },
    { label: ['longshore.tenant'] },
    { network: ['inner'] },
    { volume: ['data'] },
  ]) {
    const path = `/v1.44/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filter))}`;
    expect((await send(app.a.admin.key, 'GET', path)).text).toBe('[]');
  }
});

test('a volume by the name of a foreign one is a volume of its own', async () => {
  const body = {
    Image: app.image,
    Cmd: ['sh', '-c', 'ls -a /data | grep -c secret'],
    HostConfig: { Binds: ['data:/data'] },
  };
  const { json } = await send(app.a.admin.key, 'POST', '/v1.44/containers/create', body);
  const { Id: id } = json as { Id: string };
  await send(app.a.admin.key, 'POST', `/v1.44/containers/${id}/start`);
  const waited = await send(app.a.admin.key, 'POST', `/v1.44/containers/${id}/wait`);
  expect(waited.text).toContain('"StatusCode":1');
  await send(app.a.admin.key, 'DELETE', `/v1.44/containers/${id}?force=1`);
});

test('commands are not given privileges, in any spelling', async () => {
  await app.a.admin.expect(200, 'POST', `/v1/containers/${own}/start`);
  for (const key of ['Privileged', 'privileged']) {
    const { status } = await send(app.a.admin.key, 'POST', `/v1.44/containers/${own}/exec`, {
      Cmd: ['true'],
      [key]: true,
    });
    expect([400, 403]).toContain(status);
  }
});

test('tunnels and whatever else the Engine has are not there', async () => {
  for (const [method, path, status] of [
    ['POST', '/session', 501],
    ['POST', '/grpc', 501],
    ['GET', '/debug/pprof/', 404],
    ['POST', '/v1.44/containers/x/checkpoints', 404],
    ['POST', '/v1.44/swarm/init', 503],
    ['POST', '/v1.44/plugins/pull?remote=x', 403],
    ['GET', '/v1.99/info', 400],
    ['GET', '/v1.12/info', 400],
  ] as const) {
    expect((await send(app.a.admin.key, method, path)).status).toBe(status);
  }
});
