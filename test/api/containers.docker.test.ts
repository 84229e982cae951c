import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { createClient, type TestClient } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait-for.ts';

interface View {
  id: string;
  name: string;
  status: string;
  exitCode: number | null;
  changed?: boolean;
  startedAt: string | null;
  restartCount: number;
  address: string | null;
  error: { code: string; message: string } | null;
  ports: { containerPort: number; hostPort: number; hostAddress: string }[];
}

let app: TestApp;
let a: TestClient;
let b: TestClient;
beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  a = app.a.admin;
  b = app.b.admin;
});
afterAll(() => app?.close());

const run = (client: TestClient, spec: object): Promise<View> =>
  client.expect<View>(201, 'POST', '/v1/containers', { image: app.image, start: true, ...spec });
const sh = (script: string) => ({ command: ['sh', '-c', script] });
const get = (client: TestClient, name: string) => client.expect<View>(200, 'GET', `/v1/containers/${name}`);
const post = (client: TestClient, path: string, body: object = {}, status = 200) =>
  client.expect<View>(status, 'POST', `/v1/containers/${path}`, body);
const exec = (client: TestClient, name: string, script: string) =>
  client.expect<{ exitCode: number; stdout: string }>(200, 'POST', `/v1/containers/${name}/exec`, sh(script));
const reaches = (name: string, status: string) =>
  waitFor(async () => (await get(a, name)).status === status, { timeoutMs: 20_000 });
const remove = (client: TestClient, name: string) => client.expect(204, 'DELETE', `/v1/containers/${name}?force=true`);

describe('the life of a container', () => {
  it('goes from created through running, paused and exited to removed, and keeps id, name and files', async () => {
    const created = await a.expect<View>(201, 'POST', '/v1/containers', {
      name: 'life',
      image: app.image,
      ...sh('sleep 600'),
    });
    expect(created).toMatchObject({ status: 'created', exitCode: null, startedAt: null });
    expect(await post(a, 'life/start')).toMatchObject({ id: created.id, status: 'running', changed: true });
    expect(await post(a, 'life/start')).toMatchObject({ status: 'running', changed: false });
    expect((await exec(a, 'life', 'echo kept > /note; hostname')).stdout).toBe(`${created.id.slice(0, 12)}\n`);
    expect(await post(a, 'life/pause')).toMatchObject({ status: 'paused', changed: true });
    expect(await post(a, 'life/unpause')).toMatchObject({ status: 'running' });
    expect(await post(a, 'life/stop', { graceSeconds: 0 })).toMatchObject({ status: 'exited', exitCode: 137 });
    expect(await post(a, 'life/stop')).toMatchObject({ changed: false });
    expect(await post(a, 'life/start')).toMatchObject({ id: created.id, name: 'life', status: 'running' });
    expect((await exec(a, 'life', 'cat /note')).stdout).toBe('kept\n');
    expect(await post(a, 'life/rename', { name: 'afterlife' })).toMatchObject({ id: created.id, name: 'afterlife' });
    await a.expect(409, 'DELETE', '/v1/containers/afterlife');
    await remove(a, 'afterlife');
    await a.expect(404, 'GET', `/v1/containers/${created.id}`);
  });

  it('ends by its stop signal when it heeds it, and by SIGKILL after the grace when it does not', async () => {
    await run(a, { name: 'polite', ...sh("trap 'exit 7' TERM; while true; do sleep 0.1; done") });
    await run(a, { name: 'deaf', ...sh("trap '' TERM; while true; do sleep 0.1; done") });
    await waitFor(async () => (await exec(a, 'deaf', 'true')).exitCode === 0);
    expect(await post(a, 'polite/stop')).toMatchObject({ exitCode: 7 });
    expect(await post(a, 'deaf/stop', { graceSeconds: 1 })).toMatchObject({ exitCode: 137 });
    await Promise.all([remove(a, 'polite'), remove(a, 'deaf')]);
  });

  it('takes a signal without ending, and ends by SIGKILL', async () => {
    await run(a, {
      name: 'listener',
      restart: 'always',
      ...sh("trap 'echo heard > /heard' USR1; while true; do sleep 0.1; done"),
    });
    await waitFor(async () => (await exec(a, 'listener', 'true')).exitCode === 0);
    expect(await post(a, 'listener/kill', { signal: 'SIGUSR1' })).toMatchObject({ status: 'running' });
    await waitFor(async () => (await exec(a, 'listener', 'cat /heard')).stdout === 'heard\n');
    expect(await post(a, 'listener/kill')).toMatchObject({ status: 'exited', exitCode: 137 });
    await remove(a, 'listener');
  });

  it('a restart is a stop and a start of the same container', async () => {
    const before = await run(a, { name: 'again', ...sh('sleep 600') });
    const after = await post(a, 'again/restart', { graceSeconds: 0 });
    expect(after).toMatchObject({ id: before.id, status: 'running' });
    expect(after.startedAt).not.toBe(before.startedAt);
    await remove(a, 'again');
  });

  it('refuses what its state forbids and says which state it found', async () => {
    await a.expect<View>(201, 'POST', '/v1/containers', { name: 'idle', image: app.image });
    const refusal = await a.expect<{ detail: string; state: string }>(409, 'POST', '/v1/containers/idle/pause', {});
    expect(refusal).toMatchObject({ state: 'created', detail: 'Cannot pause container idle: it is created' });
    await remove(a, 'idle');
  });
});

describe('ends nobody asked for', () => {
  it('are followed by a restart with always, with a growing wait', async () => {
    await run(a, { name: 'phoenix', restart: 'always', ...sh('exit 3') });
    await waitFor(async () => (await get(a, 'phoenix')).restartCount >= 2, { timeoutMs: 20_000 });
    await post(a, 'phoenix/stop');
    expect(await get(a, 'phoenix')).toMatchObject({ status: 'exited' });
    await remove(a, 'phoenix');
  });

  it('are followed by so many restarts with on-failure:n and no more', async () => {
    await run(a, { name: 'stubborn', restart: 'on-failure:2', ...sh('exit 4') });
    await waitFor(
      async () => {
        const { restartCount, status } = await get(a, 'stubborn');
        return restartCount === 2 && status === 'exited';
      },
      { timeoutMs: 20_000 },
    );
    expect(await get(a, 'stubborn')).toMatchObject({ exitCode: 4 });
    await remove(a, 'stubborn');
  });

  it('remove the container with autoRemove', async () => {
    const { id } = await run(a, { name: 'brief', autoRemove: true, ...sh('exit 0') });
    await waitFor(async () => (await a.send('GET', `/v1/containers/${id}`)).status === 404);
  });

  it('bring a container back that somebody removed behind our back', async () => {
    const { id } = await run(a, { name: 'robbed', restart: 'always', ...sh('sleep 600') });
    await app.deps.provider.destroy({ key: `ls-${id}-1`, handle: null }, { signal: AbortSignal.timeout(10_000) });
    await waitFor(
      async () =>
        (await app.deps.provider.observe({ key: `ls-${id}-2`, handle: null }, { signal: AbortSignal.timeout(5000) }))
          .kind === 'present',
      { timeoutMs: 20_000 },
    );
    await reaches('robbed', 'running');
    await remove(a, 'robbed');
  });
});

describe('what cannot work', () => {
  it('an unknown image is a 404 that names it', async () => {
    const problem = await a.expect<{ detail: string }>(404, 'POST', '/v1/containers', { image: 'no/such:image' });
    expect(problem.detail).toContain('no/such:image');
  });

  it('a command that is not there is refused, the container says so, and it can be removed', async () => {
    const problem = await a.expect<{ code: string; containerId: string }>(400, 'POST', '/v1/containers', {
      name: 'typo',
      image: app.image,
      command: ['no-such-command'],
      start: true,
    });
    expect(await get(a, 'typo')).toMatchObject({
      id: problem.containerId,
      status: 'failed',
      exitCode: 127,
      error: { code: 'invalid' },
    });
    await remove(a, 'typo');
  });

  it('a port that is taken is a clear 409', async () => {
    const hostPort = await freePort();
    await run(a, { name: 'first', ports: [{ containerPort: 80, hostPort }], ...sh('sleep 600') });
    const problem = await b.expect<{ detail: string }>(409, 'POST', '/v1/containers', {
      name: 'second',
      image: app.image,
      ports: [{ containerPort: 80, hostPort }],
      start: true,
      ...sh('sleep 600'),
    });
    expect(problem.detail).toContain(String(hostPort));
    await Promise.all([remove(a, 'first'), remove(b, 'second')]);
  });
});

describe('what a container gets', () => {
  it('is bounded and stripped of privileges', async () => {
    await run(a, { name: 'bound', resources: { memoryMiB: 64, cpus: 0.5, pids: 32 }, ...sh('sleep 600') });
    const status = (await exec(a, 'bound', 'cat /proc/self/status')).stdout;
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    const bounding = BigInt(`0x${/CapBnd:\s+([0-9a-f]+)/.exec(status)?.[1]}`);
    for (const netRaw of [13, 27, 21, 12]) expect(bounding & (1n << BigInt(netRaw))).toBe(0n);
    const limit = 'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes';
    expect((await exec(a, 'bound', limit)).stdout.trim()).toBe(String(64 * 1024 * 1024));
    await remove(a, 'bound');
  });

  it('is a published port that answers on the address it reports', async () => {
    const { ports } = await run(a, {
      name: 'served',
      ports: [{ containerPort: 8080 }],
      ...sh('while true; do echo hi | nc -l -p 8080; done'),
    });
    const [port] = ports;
    expect(port).toMatchObject({ containerPort: 8080, hostAddress: '127.0.0.1' });
    await waitFor(() => answers(port?.hostPort ?? 0));
    await remove(a, 'served');
  });
});

describe('two tenants on one Engine', () => {
  it('may use the same names, and neither can tell that the other has anything', async () => {
    const [ofA, ofB] = await Promise.all([
      run(a, { name: 'web', ...sh('sleep 600') }),
      run(b, { name: 'web', ...sh('sleep 600') }),
    ]);
    expect(ofA.id).not.toBe(ofB.id);
    for (const reference of [ofB.id, ofB.id.slice(0, 12)]) await a.expect(404, 'GET', `/v1/containers/${reference}`);
    await a.expect(404, 'DELETE', `/v1/containers/${ofB.id}?force=true`);
    expect(await get(b, 'web')).toMatchObject({ id: ofB.id, status: 'running' });
    await Promise.all([remove(a, 'web'), remove(b, 'web')]);
  });

  it('reach their own containers by name and never the other one', async () => {
    await run(a, { name: 'db', ...sh('while true; do echo ours | nc -l -p 5432; done') });
    await run(a, { name: 'client', ...sh('sleep 600') });
    const stranger = await run(b, { name: 'stranger', ...sh('sleep 600') });
    expect((await exec(a, 'client', 'timeout 5 nc db 5432 </dev/null')).stdout).toBe('ours\n');
    expect((await exec(b, 'stranger', 'timeout 2 nc db 5432 </dev/null')).exitCode).not.toBe(0);
    const { address } = await get(a, 'db');
    expect((await exec(b, 'stranger', `timeout 2 nc ${address} 5432 </dev/null`)).exitCode).not.toBe(0);
    expect((await exec(a, 'client', `timeout 2 nc ${stranger.address} 5432 </dev/null`)).exitCode).not.toBe(0);
    await Promise.all([remove(a, 'db'), remove(a, 'client'), remove(b, 'stranger')]);
  });
});

it('deleting a tenant removes everything it had, at the provider too', async () => {
  await app.operator.expect(201, 'POST', '/v1/tenants', { name: 'leaver' });
  const { key } = await app.operator.expect<{ key: string }>(201, 'POST', '/v1/tenants/leaver/keys', {
    name: 'k',
    role: 'admin',
  });
  const leaver = createClient(app.url, key);
  await run(leaver, { name: 'one', mounts: [{ type: 'volume', source: 'data', target: '/data' }], ...sh('sleep 600') });
  const owned = () => app.deps.provider.listOwned({ signal: AbortSignal.timeout(10_000) });
  const before = (await owned()).length;
  await app.operator.expect(202, 'DELETE', '/v1/tenants/leaver');
  await waitFor(async () => (await app.operator.send('GET', '/v1/tenants/leaver')).status === 404, {
    timeoutMs: 25_000,
  });
  expect((await owned()).length).toBe(before - 3);
  await waitFor(async () => (await leaver.send('GET', '/v1/containers')).status === 401, { timeoutMs: 6000 });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
