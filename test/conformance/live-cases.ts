/** What a provider can do with a run while it lives: pause, rename, stats, top, watch, ports. Each is a capability. */
import { expect, test } from 'vitest';
import type { Hint, StatsSample } from '../../src/providers/provider.ts';
import { waitFor } from '../support/wait-for.ts';
import type { When } from './capabilities.ts';
import { type World, within } from './harness.ts';

export function liveCases(world: () => World, when: When): void {
  when('pause', 'unpause')('a run is paused and goes on', async () => {
    const { provider, start, until } = world();
    const run = await start();
    await provider.pause(run, within());
    await until(run, 'paused');
    await provider.pause(run, within());
    await provider.unpause(run, within());
    await until(run, 'running');
    await provider.unpause(run, within());
  });

  when('pause', 'unpause')('what has no process is neither paused nor unpaused', async () => {
    const { provider, create } = world();
    const run = await create();
    await expect(provider.pause(run, within())).rejects.toMatchObject({ code: 'conflict' });
    await expect(provider.unpause(run, within())).rejects.toMatchObject({ code: 'conflict' });
    await provider.destroy(run, within());
    await expect(provider.pause(run, within())).rejects.toMatchObject({ code: 'not_found' });
    await expect(provider.unpause(run, within())).rejects.toMatchObject({ code: 'not_found' });
  });

  when('pause')('a paused run can be killed and destroyed', async () => {
    const { provider, start, until } = world();
    const [killed, destroyed] = [await start(), await start()];
    await provider.pause(killed, within());
    await provider.kill(killed, 'KILL', within());
    expect(await until(killed, 'exited')).toMatchObject({ exitCode: 137 });
    await provider.pause(destroyed, within());
    await provider.destroy(destroyed, within());
    expect(await provider.observe(destroyed, within())).toEqual({ kind: 'absent' });
  });

  when('stats')('stats come again and again, and end with the run', async () => {
    const { provider, start } = world();
    const run = await start();
    const samples: StatsSample[] = [];
    for await (const sample of provider.stats(run, within())) {
      samples.push(sample);
      if (samples.length === 2) await provider.kill(run, 'KILL', within());
    }
    expect(samples.length).toBeGreaterThanOrEqual(2);
    const [first, second] = samples;
    expect(second?.at.getTime()).toBeGreaterThan(first?.at.getTime() ?? 0);
    expect(second).toMatchObject({ memoryLimitBytes: 64 * 1024 * 1024, pids: expect.any(Number) });
    expect(second?.cpuNanoseconds).toBeGreaterThanOrEqual(first?.cpuNanoseconds ?? 0);
    expect(second?.cpuPercent).toBeGreaterThanOrEqual(0);
  });

  when('top')('top lists the processes, and is a conflict when nothing runs', async () => {
    const { provider, start, create, harness } = world();
    const run = await start({ command: ['sleep', '61'] });
    const { top } = provider;
    // A runtime may still be about to become the command when its start is answered.
    const { titles, processes } = await waitFor(async () => {
      const seen = await top(run, '', within());
      return seen.processes[0]?.join(' ').includes('sleep 61') ? seen : null;
    });
    expect(titles.length).toBeGreaterThan(0);
    expect(processes).toHaveLength(1);
    if (harness.realKernel) {
      expect((await provider.top(run, '-o pid,args', within())).titles).toEqual(['PID', 'COMMAND']);
    }
    await expect(provider.top(await create(), '', within())).rejects.toMatchObject({ code: 'conflict' });
  });

  when('events')('events that are none are refused, so that whoever brings them parks them', () => {
    const { events } = world().provider;
    for (const text of ['', 'null', '[]', '{', '"event"']) {
      expect(() => events.read(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
    }
  });

  when('watch')('watch hints at what happens to runs, until it is aborted', async () => {
    const { provider, start } = world();
    const stop = new AbortController();
    const hints: Hint[] = [];
    const watching = collect(provider.watch({ signal: stop.signal }), hints);
    // A watcher sees only what happens after it has begun.
    await waitFor(async () => {
      const run = await start({ command: ['sh', '-c', 'exit 0'] });
      return hints.some(({ containerId }) => containerId === run.input.containerId);
    });
    stop.abort();
    await watching;
  });

  test('a published port is one of the operator, and no two runs get the same', async () => {
    const { provider, network, create, start, until, lacks } = world();
    const networks = [{ ...(await network()), aliases: [] }];
    const first = await start({ networks, spec: { ports: [{ containerPort: 80 }] } });
    const { ports } = await until(first, 'running');
    expect(ports).toEqual([
      { containerPort: 80, hostPort: expect.any(Number), hostAddress: expect.any(String), protocol: 'tcp' },
    ]);
    const hostPort = ports[0]?.hostPort ?? 0;
    expect(hostPort).toBeGreaterThan(0);
    const second = await create({ networks, spec: { ports: [{ containerPort: 80, hostPort }] } });
    if (lacks('chosen ports')) {
      await provider.start(second, within());
      const taken = (await until(second, 'running')).ports;
      expect([hostPort, taken[0]?.hostPort]).toEqual([80, 80]);
      expect(taken[0]?.hostAddress).not.toBe(ports[0]?.hostAddress);
      return;
    }
    await expect(provider.start(second, within())).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(String(hostPort)),
    });
    await provider.destroy(first, within());
    await provider.start(second, within());
    expect(await until(second, 'running')).toMatchObject({ ports: [{ hostPort }] });
  });
}

async function collect<T>(source: AsyncIterable<T>, into: T[]): Promise<void> {
  for await (const item of source) into.push(item);
}
