/** A run's own standard streams: attached before and after its start, with input, logs and a terminal. */
import { expect, test } from 'vitest';
import type { AttachInput, Session } from '../../src/providers/provider.ts';
import { type World, within } from './harness.ts';

const everything: AttachInput = { tty: false, stdin: false, stdout: true, stderr: true, logs: false, stream: true };

export function attachCases(world: () => World): void {
  test('who is attached before the start misses nothing, and each stream is told apart', async (context) => {
    const { provider, create } = world();
    if (!provider.attach) return context.skip();
    const run = await create({ command: ['sh', '-c', 'echo out; echo err >&2'] });
    const session = await provider.attach(run, everything, within());
    await provider.start(run, within());
    expect(await read(session)).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    expect(await session.exit).toBeNull();
  });

  test('only the streams that were asked for come', async (context) => {
    const { provider, create } = world();
    if (!provider.attach) return context.skip();
    const run = await create({ command: ['sh', '-c', 'echo out; echo err >&2'] });
    const session = await provider.attach(run, { ...everything, stdout: false }, within());
    await provider.start(run, within());
    expect(await read(session)).toEqual({ stdout: '', stderr: 'err\n' });
  });

  test('input reaches the run, and its end ends what reads it', async (context) => {
    const { provider, create, until } = world();
    if (!provider.attach) return context.skip();
    const run = await create({ command: ['cat'], spec: { stdin: true } });
    const session = await provider.attach(run, { ...everything, stdin: true }, within());
    await provider.start(run, within());
    await session.write(Buffer.from('hello\n'));
    await session.endInput();
    expect((await read(session)).stdout).toContain('hello');
    expect(await until(run, 'exited')).toMatchObject({ exitCode: 0 });
  });

  test('the logs come first when they are asked for, and alone without the stream', async (context) => {
    const { provider, start, until } = world();
    if (!provider.attach) return context.skip();
    const run = await start({ command: ['sh', '-c', 'echo before'] });
    await until(run, 'exited');
    const session = await provider.attach(run, { ...everything, logs: true, stream: false }, within());
    expect((await read(session)).stdout).toBe('before\n');
  });

  test('a session that is aborted ends without an error and leaves the run alone', async (context) => {
    const { provider, start, until } = world();
    if (!provider.attach) return context.skip();
    const run = await start({ command: ['sleep', '60'] });
    const leaving = new AbortController();
    const session = await provider.attach(run, everything, { signal: leaving.signal });
    const output = read(session);
    leaving.abort();
    expect(await output).toEqual({ stdout: '', stderr: '' });
    expect(await until(run, 'running')).toMatchObject({ phase: 'running' });
  });

  test('nobody attaches to what is gone, or resizes what does not run', async (context) => {
    const { provider, create } = world();
    if (!provider.attach || !provider.resize) return context.skip();
    const run = await create({ spec: { tty: true } });
    await expect(provider.resize(run, 80, 24, within())).rejects.toMatchObject({ code: 'conflict' });
    await provider.destroy(run, within());
    await expect(provider.attach(run, everything, within())).rejects.toMatchObject({ code: 'not_found' });
  });
}

async function read({ output }: Session): Promise<{ stdout: string; stderr: string }> {
  const texts = { stdout: '', stderr: '' };
  for await (const { stream, data } of output) texts[stream] += Buffer.from(data).toString();
  return texts;
}
