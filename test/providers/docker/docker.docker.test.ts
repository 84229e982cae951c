/** What only an Engine can show, looked at past the provider: confinement, labels, leftovers, tags, ports. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ImageDetails } from '../../../src/domain/image.ts';
import type { PullInput } from '../../../src/providers/provider.ts';
import { commitImage, type DockerHarness, makeDockerHarness } from '../../conformance/docker-harness.ts';
import { createWorld, type RunWish, type World, within } from '../../conformance/harness.ts';

let harness: DockerHarness;
let world: World;
const images: string[] = [];

beforeAll(async () => {
  harness = await makeDockerHarness();
  world = createWorld(harness);
}, 120_000);
afterEach(async () => {
  await world.cleanUp();
  for (const id of images.splice(0)) await harness.docker.getImage(id).remove({ force: true });
});
afterAll(() => harness.close());

/** An image that the test may do with as it likes. */
async function image(changes: string[], config?: object): Promise<string> {
  const id = await commitImage(harness.docker, changes, config);
  images.push(id);
  return id;
}

/** What a run says until its end. */
async function said(wish: RunWish): Promise<string[]> {
  const run = await world.start(wish);
  const lines = await world.lines(run, { follow: true });
  return lines.map((line) => line.replace(/^std(out|err): /, ''));
}

const script = (...commands: string[]) => ['sh', '-c', commands.join('; ')];

describe('inside a container', () => {
  test('there are few capabilities, no way to gain more, and a seccomp filter', async () => {
    const status = (await said({ command: ['cat', '/proc/self/status'] })).join('\n');
    // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SETFCAP, as bits.
    for (const set of ['CapPrm', 'CapEff', 'CapBnd'])
      expect(status).toMatch(new RegExp(`^${set}:\t00000000800005fb$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
  });

  test('raw sockets, device nodes and another root are refused', async () => {
    const attempts = ['ping -c 1 -w 1 127.0.0.1', 'mknod /tmp/null c 1 3', 'chroot / true', 'mount -t tmpfs none /tmp'];
    const lines = await said({
      command: script(...attempts.map((attempt) => `${attempt} >/dev/null 2>&1 && echo ${attempt}`)),
    });
    expect(lines).toEqual([]);
  });

  test('the limit of processes holds', async () => {
    const spawn = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); sleep 5 & done 2>&1; echo made $(jobs | wc -l)';
    const lines = await said({ command: script(spawn), spec: { resources: { memoryMiB: 64, pids: 20 } } });
    expect(lines.join('\n')).toMatch(/can't fork|Resource temporarily unavailable/);
  });

  test('a read-only root, a tmpfs of its size, an init and the environment are as asked for', async () => {
    const spec = {
      readonlyRoot: true,
      init: true,
      env: { GREETING: 'a "b" $c' },
      mounts: [{ type: 'tmpfs' as const, target: '/scratch', sizeMiB: 3 }],
    };
    const commands = ['echo "$GREETING"', 'touch /x || echo refused', 'df -k /scratch | tail -n 1', 'cat /proc/1/comm'];
    const lines = await said({ command: script(...commands), spec });
    expect(lines).toContain('a "b" $c');
    expect(lines).toContain('refused');
    expect(lines.join('\n')).toMatch(/3072/);
    expect(lines).toContain('docker-init');
  });

  test('without a network there is only the loopback', async () => {
    expect(await said({ command: ['ls', '/sys/class/net'] })).toEqual(['lo']);
  });
});

describe('what an image says', () => {
  test('never stands over our marks', async () => {
    const forged = await image([
      'LABEL longshore.tenant=forged longshore.install=forged longshore.container=forged kept=yes',
    ]);
    const wanted = { ...world.input(), imageId: forged };
    const run = await world.create({ input: wanted });
    const { Config } = await harness.docker.getContainer(run.handle).inspect();
    expect(Config.Labels).toMatchObject({ kept: 'yes', 'longshore.tenant': wanted.tenantId });
    const [owned] = (await world.provider.listOwned(within())).filter(({ key }) => key === run.key);
    expect(owned).toMatchObject({ tenantId: wanted.tenantId, containerId: wanted.containerId, incarnation: 1 });
  });

  test('about volumes leaves nothing behind, while a named volume stays', async () => {
    const imageId = await image(['VOLUME /cache']);
    const volume = await world.volume();
    const volumes = [{ ...volume, target: '/data', readOnly: false }];
    const run = await world.create({ input: { ...world.input({ volumes }), imageId } });
    const { Mounts } = await harness.docker.getContainer(run.handle).inspect();
    const names = Mounts.map(({ Name }) => Name);
    expect(names).toHaveLength(2);
    await world.provider.destroy(run, within());
    const { Volumes } = await harness.docker.listVolumes();
    expect(Volumes.map(({ Name }) => Name).filter((name) => names.includes(name))).toEqual([volume.key]);
  });

  test('about its stop signal is heeded', async () => {
    const imageId = await image([], { StopSignal: 'SIGUSR1' });
    const command = script("trap 'exit 6' USR1", 'echo ready', ...Array.from({ length: 40 }, () => 'sleep 1'));
    const run = await world.create({ input: { ...world.input({ command }), imageId } });
    await world.provider.start(run, within());
    for await (const _ of world.provider.logs(run, { ...within(), follow: true })) break;
    await world.provider.stop(run, null, 10, within());
    expect(await world.until(run, 'exited')).toMatchObject({ exitCode: 6 });
  });

  test('about its health is observed', async () => {
    const check = { command: ['CMD-SHELL', 'test -e /tmp/ok'], intervalSeconds: 1, retries: 1 };
    const sound = await world.start({ command: script('touch /tmp/ok', 'sleep 60'), spec: { healthcheck: check } });
    const sick = await world.start({ spec: { healthcheck: check } });
    expect(await world.until(sound, 'running')).toMatchObject({ health: 'starting' });
    await expect
      .poll(() => world.provider.observe(sound, within()), { timeout: 10_000 })
      .toMatchObject({ health: 'healthy' });
    await expect
      .poll(() => world.provider.observe(sick, within()), { timeout: 10_000 })
      .toMatchObject({ health: 'unhealthy' });
  });
});

describe('logs', () => {
  test('lose nothing of runs that end at once, with and without a terminal', async () => {
    const speak = 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; done; printf last';
    for (let round = 0; round < 4; round++) {
      const both = [false, true].map((tty) => said({ command: script(speak), spec: { tty } }));
      for (const lines of await Promise.all(both)) {
        expect(lines).toHaveLength(301);
        expect(lines.at(-1)).toBe('last');
      }
    }
  });

  test('keep long lines whole', async () => {
    const speak = "head -c 100000 /dev/zero | tr '\\0' a; echo; head -c 16384 /dev/zero | tr '\\0' b; echo; echo end";
    const [plain, terminal] = await Promise.all(
      [false, true].map((tty) => said({ command: script(speak), spec: { tty } })),
    );
    expect(plain?.map((line) => line.length)).toEqual([100_000, 16_384, 3]);
    expect(terminal?.map((line) => line.length)).toEqual([100_001, 16_385, 4]);
  });
});

describe('ports', () => {
  test('that another program of the host listens on are a conflict', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const hostPort = typeof address === 'object' && address ? address.port : 0;
    const networks = [{ ...(await world.network()), aliases: [] }];
    const run = await world.create({ networks, spec: { ports: [{ containerPort: 80, hostPort }] } });
    const starting = world.provider.start(run, within());
    await expect(starting).rejects.toMatchObject({ code: 'conflict', message: `Port ${hostPort} is already in use` });
    server.close();
  });

  test('are only on the address of the operator, and reach the container', async () => {
    const networks = [{ ...(await world.network()), aliases: [] }];
    const command = script('echo hello > /tmp/index.html', 'exec httpd -f -p 80 -h /tmp');
    const run = await world.start({ networks, command, spec: { ports: [{ containerPort: 80 }] } });
    const { ports } = await world.until(run, 'running');
    expect(ports).toMatchObject([{ hostAddress: '127.0.0.1', containerPort: 80 }]);
    await expect
      .poll(() => fetch(`http://127.0.0.1:${ports[0]?.hostPort}/`).then((response) => response.text()), {
        timeout: 10_000,
      })
      .toBe('hello\n');
  });
});

describe('images on an Engine that others use too', () => {
  const pulled = async (tenantId: string): Promise<{ details: ImageDetails; reference: string }> => {
    const named = harness.registry?.image;
    if (!named) throw new Error('the harness has no registry');
    const input: PullInput = { ...named, auth: null, tenantId };
    const pulling = world.provider.images.pull(input, within(60));
    for (;;) {
      const step = await pulling.next();
      if (step.done) return { details: step.value, reference: `${named.domain}/${named.path}` };
    }
  };
  const tagsOf = async (id: string) => (await harness.docker.getImage(id).inspect()).RepoTags;

  test('get no plain tag by a pull', async () => {
    const { details } = await pulled(harness.tenants[0]);
    expect((await tagsOf(details.id)).filter((tag) => !tag.startsWith('longshore/'))).toEqual([]);
    await world.provider.images.release(details.id, harness.tenants[0], within());
  });

  test('keep the tag that somebody else gave, and its digest, when all our holds are gone', async () => {
    const { details, reference } = await pulled(harness.tenants[0]);
    const tag = randomUUID();
    await harness.docker.getImage(details.id).tag({ repo: 'longshore-test/foreign', tag });
    images.push(details.id);
    await world.provider.images.release(details.id, harness.tenants[0], within());
    const left = await harness.docker.getImage(details.id).inspect();
    expect(left.RepoTags).toEqual([`longshore-test/foreign:${tag}`]);
    expect(left.RepoDigests).toEqual([`${reference}@${details.digest}`]);
  });

  test('stay when they were there before we pulled them', async () => {
    const { details, reference } = await pulled(harness.tenants[0]);
    await world.provider.images.release(details.id, harness.tenants[0], within());
    const stream = await harness.docker.pull(`${reference}@${details.digest}`);
    await new Promise((resolve, reject) => {
      harness.docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve(undefined)));
    });
    images.push(details.id);
    await pulled(harness.tenants[1]);
    await world.provider.images.release(details.id, harness.tenants[1], within());
    expect((await harness.docker.getImage(details.id).inspect()).RepoDigests).toHaveLength(1);
  });

  test("are released while a stranger's container uses them, and stay for it", async () => {
    const { details } = await pulled(harness.tenants[0]);
    const stranger = await harness.docker.createContainer({ Image: details.id });
    await world.provider.images.release(details.id, harness.tenants[0], within());
    await expect(stranger.start()).resolves.toBeDefined();
    await stranger.remove({ force: true });
    images.push(details.id);
  });
});
