/** Logs: order, streams, tail, since, follow. */
import { expect, test } from 'vitest';
import type { When } from './capabilities.ts';
import { type World, within } from './harness.ts';

export function logCases(world: () => World, when: When): void {
  test('stdout and stderr are told apart, line by line', async () => {
    const { start, until, lines, lacks } = world();
    const run = await start({ command: ['sh', '-c', 'echo one; echo two >&2; echo three'] });
    await until(run, 'exited');
    const found = await lines(run);
    if (lacks('separate log streams')) {
      expect(found.sort()).toEqual(['stdout: one', 'stdout: three', 'stdout: two']);
      return;
    }
    expect(found.filter((line) => line.startsWith('stdout'))).toEqual(['stdout: one', 'stdout: three']);
    expect(found.filter((line) => line.startsWith('stderr'))).toEqual(['stderr: two']);
  });

  test('tail gives the last lines only', async () => {
    const { start, until, lines } = world();
    const run = await start({ command: ['sh', '-c', 'echo one; echo two; echo three'] });
    await until(run, 'exited');
    expect(await lines(run, { tail: 2 })).toEqual(['stdout: two', 'stdout: three']);
    expect(await lines(run, { tail: 0 })).toEqual([]);
  });

  test('since leaves out what was said before it, until what was said after it', async () => {
    const { provider, start, until, lines } = world();
    const run = await start({ command: ['sh', '-c', 'echo early; sleep 2; echo late'] });
    await until(run, 'exited');
    const times: number[] = [];
    for await (const chunk of provider.logs(run, { ...within(), follow: false })) times.push(chunk.at.getTime());
    expect(times).toHaveLength(2);
    const [early = 0, late = 0] = times;
    for (const since of [early + 500, late])
      expect(await lines(run, { since: since / 1000 })).toEqual(['stdout: late']);
    for (const last of [early, early + 500])
      expect(await lines(run, { until: last / 1000 })).toEqual(['stdout: early']);
  });

  test('follow gives what comes later and ends with the run', async () => {
    const { start, lines } = world();
    const run = await start({ command: ['sh', '-c', 'echo first; sleep 1; echo last'] });
    expect(await lines(run, { follow: true })).toEqual(['stdout: first', 'stdout: last']);
  });

  test('follow ends without an error when its signal aborts', async () => {
    const { provider, start } = world();
    const run = await start({ command: ['sh', '-c', 'echo ready; sleep 60'] });
    const stop = new AbortController();
    const found: string[] = [];
    for await (const chunk of provider.logs(run, { signal: stop.signal, follow: true })) {
      found.push(Buffer.from(chunk.line).toString());
      stop.abort();
    }
    expect(found).toEqual(['ready']);
  });

  when('logs that go on')('where a start is a new incarnation, the log goes on over it', async () => {
    const { provider, input, create, start, until, lines } = world();
    const first = await start({ command: ['sh', '-c', 'echo one; echo two'] });
    await until(first, 'exited');
    await provider.destroy(first, within());
    const { containerId } = first.input;
    const next = { ...first.input, key: `ls-${containerId}-2`, incarnation: 2 };
    const second = await create({ input: { ...next, spec: input({ command: ['sh', '-c', 'echo three'] }).spec } });
    expect(await lines(second)).toEqual(['stdout: one', 'stdout: two']);
    await provider.start(second, within());
    await until(second, 'exited');
    expect(await lines(second)).toEqual(['stdout: one', 'stdout: two', 'stdout: three']);
    expect(await lines(second, { tail: 2 })).toEqual(['stdout: two', 'stdout: three']);
    expect(await lines(second, { tail: 1, follow: true })).toEqual(['stdout: three']);
  });

  test('a run that is absent has said nothing', async () => {
    const { input, lines } = world();
    expect(await lines({ key: input().key, handle: null })).toEqual([]);
    expect(await lines({ key: input().key, handle: null }, { follow: true })).toEqual([]);
  });
}
