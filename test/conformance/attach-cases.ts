/** A run's own standard streams: attached before and after its start, with input, logs and a terminal. */
import { expect } from 'vitest';
import type { AttachInput, Session } from '../../src/providers/provider.ts';
import type { When } from './capabilities.ts';
import { type World, within } from './harness.ts';

const everything: AttachInput = { tty: false, stdin: false, stdout: true, stderr: true, logs: false, stream: true };

export function attachCases(world: () => World, when: When): void {
  when('attach')('who is attached before the start misses nothing, and each stream is told apart', async () => {
    const { provider, lacks, create } = world();
    const run = await create({ command: ['sh', '-c', 'echo out; sleep 0.3; echo err >&2'] });
    const session = await provider.attach(run, everything, within());
    await provider.start(run, within());
    const streams = lacks('separate log streams')
      ? { stdout: 'out\nerr\n', stderr: '' }
      : { stdout: 'out\n', stderr: 'err\n' };
    expect(await read(session)).toEqual(streams);
    expect(await session.exit).toBeNull();
  });

  when('attach')('only the streams that were asked for come', async () => {
    const { provider, lacks, create } = world();
    const run = await create({ command: ['sh', '-c', 'echo out; echo err >&2'] });
    const session = await provider.attach(run, { ...everything, stdout: false }, within());
    await provider.start(run, within());
    expect(await read(session)).toEqual({ stdout: '', stderr: lacks('separate log streams') ? '' : 'err\n' });
  });

  when('attach')('input reaches the run, and its end ends what reads it', async () => {
    const { provider, lacks, create, until } = world();
    const run = await create({ command: ['cat'], spec: { stdin: true } });
    if (lacks('input')) {
      const refused = provider.attach(run, { ...everything, stdin: true }, within());
      await expect(refused).rejects.toMatchObject({ code: 'unsupported' });
      return;
    }
    const session = await provider.attach(run, { ...everything, stdin: true }, within());
    await provider.start(run, within());
    await session.write(Buffer.from('hello\n'));
    await session.endInput();
    expect((await read(session)).stdout).toContain('hello');
    expect(await until(run, 'exited')).toMatchObject({ exitCode: 0 });
  });

  when('attach')('the logs come first when they are asked for, and alone without the stream', async () => {
    const { provider, start, until } = world();
    const run = await start({ command: ['sh', '-c', 'echo before'] });
    await until(run, 'exited');
    const session = await provider.attach(run, { ...everything, logs: true, stream: false }, within());
    expect((await read(session)).stdout).toBe('before\n');
  });

  when('attach')('a session that is aborted ends without an error and leaves the run alone', async () => {
    const { provider, start, until } = world();
    const run = await start({ command: ['sleep', '60'] });
    const leaving = new AbortController();
    const session = await provider.attach(run, everything, { signal: leaving.signal });
    const output = read(session);
    leaving.abort();
    expect(await output).toEqual({ stdout: '', stderr: '' });
    expect(await until(run, 'running')).toMatchObject({ phase: 'running' });
  });

  when('attach', 'resize')('nobody attaches to what is gone, or resizes what does not run', async () => {
    const { provider, create } = world();
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
