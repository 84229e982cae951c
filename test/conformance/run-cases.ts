/** The life of a run: create, start, observe, stop, kill, destroy. */
import { expect, test } from 'vitest';
import { memoryHog } from '../support/memory-hog.ts';
import type { When } from './capabilities.ts';
import { type World, within } from './harness.ts';

/** A shell runs its trap between two commands, so these are short. */
const patience = Array.from({ length: 40 }, () => 'sleep 1').join('; ');

export function runCases(world: () => World, when: When): void {
  test('a run goes from absent over created and running to exited, and is absent again once destroyed', async () => {
    const { provider, input, until, create, lacks } = world();
    const wanted = input({ command: ['sleep', '60'] });
    expect(await provider.observe({ key: wanted.key, handle: null }, within())).toEqual({ kind: 'absent' });
    const run = await create({ input: wanted });
    const created = await until(run, 'created');
    expect(created).toMatchObject({ handle: run.handle, exitCode: null, startedAt: null, finishedAt: null });
    await provider.start(run, within());
    const running = await until(run, 'running');
    expect(running.startedAt).toBeInstanceOf(Date);
    expect(running).toMatchObject({ exitCode: null, finishedAt: null, oomKilled: false, health: 'none' });
    await provider.kill(run, 'KILL', within());
    const exited = await until(run, 'exited');
    expect(exited.oomKilled).toBe(false);
    if (lacks('prompt kills')) expect([137, 143]).toContain(exited.exitCode);
    else expect(exited.exitCode).toBe(137);
    expect(exited.finishedAt?.getTime()).toBeGreaterThanOrEqual(running.startedAt?.getTime() ?? Number.NaN);
    await provider.destroy(run, within());
    expect(await provider.observe(run, within())).toEqual({ kind: 'absent' });
  });

  test('creating twice under one key adopts what the first call made', async () => {
    const { provider, create } = world();
    const run = await create();
    expect(await provider.create(run.input, within())).toEqual({ handle: run.handle, adopted: true });
  });

  test('ten creates at once under one key make one run', async () => {
    const { provider, create, input } = world();
    const wanted = input();
    const made = await Promise.all(Array.from({ length: 10 }, () => create({ input: wanted })));
    expect(new Set(made.map((run) => run.handle)).size).toBe(1);
    const owned = await provider.listOwned(within());
    expect(owned.filter((object) => object.containerId === wanted.containerId)).toHaveLength(1);
  });

  test("a key that another container's run holds is a conflict", async () => {
    const { provider, create, input } = world();
    const run = await create();
    const other = { ...input(), key: run.key };
    await expect(provider.create(other, within())).rejects.toMatchObject({ code: 'conflict' });
  });

  test.for([0, 1, 3, 125, 255])('the exit code %i is observed', async (code) => {
    const { start, until } = world();
    const run = await start({ command: ['sh', '-c', `exit ${code}`] });
    expect(await until(run, 'exited')).toMatchObject({ exitCode: code, oomKilled: false });
  });

  test('starting what runs changes nothing', async () => {
    const { provider, start, until } = world();
    const run = await start();
    const before = await until(run, 'running');
    await provider.start(run, within());
    expect((await until(run, 'running')).startedAt).toEqual(before.startedAt);
  });

  test('starting what is gone is not_found', async () => {
    const { provider, create } = world();
    const run = await create();
    await provider.destroy(run, within());
    await expect(provider.start(run, within())).rejects.toMatchObject({ code: 'not_found' });
  });

  test('an ended run starts again in place where the provider can do that, and never again elsewhere', async () => {
    const { provider, start, until } = world();
    const run = await start({ command: ['sh', '-c', 'echo one more; exit 4'] });
    const first = await until(run, 'exited');
    if (!provider.features.restartInPlace) {
      await expect(provider.start(run, within())).rejects.toMatchObject({ code: 'conflict' });
      return;
    }
    await provider.start(run, within());
    const second = await until(run, 'exited');
    expect(second).toMatchObject({ handle: first.handle, exitCode: 4 });
  });

  test('stop asks with the given signal and returns before the run has ended', async () => {
    const { provider, start, until, lines } = world();
    const run = await start({ command: ['sh', '-c', `trap 'exit 5' TERM; echo ready; ${patience}`] });
    await untilSaid(world(), run, 'ready');
    await provider.stop(run, 'TERM', 10, within());
    await provider.stop(run, 'TERM', 10, within());
    expect(await until(run, 'exited')).toMatchObject({ exitCode: 5 });
    await provider.stop(run, 'TERM', 10, within());
    expect(await lines(run)).toEqual(['stdout: ready']);
  });

  test('a run that ignores its stop signal goes on until it is killed', async () => {
    const { provider, start, until } = world();
    const run = await start({ command: ['sh', '-c', "trap '' TERM; echo ready; sleep 60"] });
    await untilSaid(world(), run, 'ready');
    await provider.stop(run, null, 0, within());
    expect(await provider.observe(run, within())).toMatchObject({ phase: 'running' });
    await provider.kill(run, 'KILL', within());
    expect(await until(run, 'exited')).toMatchObject({ exitCode: 137 });
  });

  test('killing what does not run is a conflict, and what is gone not_found', async () => {
    const { provider, create } = world();
    const run = await create();
    await expect(provider.kill(run, 'TERM', within())).rejects.toMatchObject({ code: 'conflict' });
    await provider.destroy(run, within());
    await expect(provider.kill(run, 'TERM', within())).rejects.toMatchObject({ code: 'not_found' });
  });

  test('destroying takes a running run away, may be repeated, and eight at once agree', async () => {
    const { provider, start } = world();
    const run = await start();
    await Promise.all(Array.from({ length: 8 }, () => provider.destroy(run, within())));
    expect(await provider.observe(run, within())).toEqual({ kind: 'absent' });
    await provider.destroy(run, within());
  });

  test('destroying kills: what ignores its stop signal is given no grace', async () => {
    const { provider, start } = world();
    const command = ['sh', '-c', "trap '' TERM; echo ready; sleep 60"];
    const run = await start({ command, spec: { stop: { graceSeconds: 100 } } });
    await untilSaid(world(), run, 'ready');
    await provider.destroy(run, within());
    expect(await provider.observe(run, within())).toEqual({ kind: 'absent' });
  });

  test('a command that the image lacks cannot run, with exit code 127', async () => {
    const { provider, create, until, lacks } = world();
    const run = await create({ command: ['command-missing'] });
    if (lacks('refused commands')) {
      await provider.start(run, within());
      expect(await until(run, 'exited')).toMatchObject({ exitCode: 127 });
      return;
    }
    await expect(provider.start(run, within())).rejects.toMatchObject({ code: 'invalid', details: { exitCode: 127 } });
    expect(await provider.observe(run, within())).toMatchObject({ kind: 'present', phase: 'created' });
  });

  when('kernel')('a command that is no program cannot run, with exit code 126', async () => {
    const { provider, create, until, lacks } = world();
    const run = await create({ command: ['/etc/passwd'] });
    if (lacks('refused commands')) {
      await provider.start(run, within());
      expect(await until(run, 'exited')).toMatchObject({ exitCode: 126 });
      return;
    }
    await expect(provider.start(run, within())).rejects.toMatchObject({ code: 'invalid', details: { exitCode: 126 } });
  });

  when('kernel')('a user or group that the image lacks is invalid', async () => {
    const { provider, create } = world();
    for (const user of ['nobody-of-that-name', 'root:nobody-of-that-name']) {
      const run = await create({ spec: { user } });
      await expect(provider.start(run, within())).rejects.toMatchObject({ code: 'invalid' });
    }
  });

  when('kernel')('more processors than there are is invalid', async () => {
    const { provider, input } = world();
    const wanted = input({ spec: { resources: { cpus: 1024 } } });
    await expect(provider.create(wanted, within())).rejects.toMatchObject({ code: 'invalid' });
  });

  test('a signal that does not exist is invalid', async () => {
    const { provider, start } = world();
    await expect(provider.kill(await start(), 'NONSENSE', within())).rejects.toMatchObject({ code: 'invalid' });
  });

  when('kernel')('a run that takes more memory than it may have ends as killed for it', async () => {
    const { start, until } = world();
    const run = await start({ command: memoryHog, spec: { resources: { memoryMiB: 16 } } });
    expect(await until(run, 'exited')).toMatchObject({ oomKilled: true });
  });

  test('an image that is not there is not_found, by the name that the tenant used', async () => {
    const { provider, input } = world();
    const wanted = { ...input({ spec: { image: 'shop/web:9' } }), imageId: `sha256:${'0'.repeat(64)}` };
    await expect(provider.create(wanted, within())).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('shop/web:9'),
    });
  });
}

/** Signals are only meaningful once the trap stands. */
async function untilSaid(world: World, run: { key: string; handle: string }, text: string): Promise<void> {
  for await (const chunk of world.provider.logs(run, { ...within(), follow: true })) {
    if (Buffer.from(chunk.line).toString() === text) return;
  }
  throw new Error(`${run.key} ended without saying ${text}`);
}
