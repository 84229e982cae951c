/** Commands inside a running run: input, output, exit code, terminal, the end of a session. */
import { expect } from 'vitest';
import type { ExecSpec } from '../../src/domain/exec.ts';
import type { Session } from '../../src/providers/provider.ts';
import type { When } from './capabilities.ts';
import { type World, within } from './harness.ts';

const plain: ExecSpec = { command: [], env: {}, stdin: false, tty: false };
const shell = (script: string): ExecSpec => ({ ...plain, command: ['sh', '-c', script] });

export function execCases(world: () => World, when: When): void {
  when('exec')('a command says something on both streams and ends with its exit code', async () => {
    const { provider, start } = world();
    const session = await provider.exec(await start(), shell('echo out; echo err >&2; exit 7'), within());
    expect(await read(session)).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    expect(await session.exit).toBe(7);
  });

  when('exec')('three megabytes go in and come back, and the end of the input reaches the command', async () => {
    const { provider, start } = world();
    const session = await provider.exec(await start(), { ...shell('cat'), stdin: true }, within());
    const piece = Buffer.alloc(64 * 1024, 'x');
    const writing = (async () => {
      for (let count = 0; count < 48; count++) await session.write(piece);
      await session.endInput();
    })();
    expect((await read(session)).stdout.length).toBe(48 * piece.length);
    await writing;
    expect(await session.exit).toBe(0);
  });

  when('exec')('what comes after the end of the input is not lost', async () => {
    const { provider, start } = world();
    const session = await provider.exec(
      await start(),
      { ...shell('cat; sleep 1; echo late; exit 3'), stdin: true },
      within(),
    );
    await session.write(Buffer.from('early\n'));
    await session.endInput();
    expect((await read(session)).stdout).toBe('early\nlate\n');
    expect(await session.exit).toBe(3);
  });

  when('exec')('a command that the image lacks ends with 126 or 127', async () => {
    const { provider, start } = world();
    const session = await provider.exec(await start(), { ...plain, command: ['no-such-command'] }, within());
    await read(session);
    expect([126, 127]).toContain(await session.exit);
  });

  when('exec')('closing a session ends its output, and the exit code stays unknown', async () => {
    const { provider, start } = world();
    const session = await provider.exec(await start(), shell('echo ready; sleep 60'), within());
    for await (const { data } of session.output) {
      expect(Buffer.from(data).toString()).toBe('ready\n');
      session.close();
    }
    expect(await session.exit).toBeNull();
  });

  when('exec')('a session ends with its signal', async () => {
    const { provider, start } = world();
    const stop = new AbortController();
    const session = await provider.exec(await start(), shell('echo ready; sleep 60'), { signal: stop.signal });
    let output = '';
    for await (const { data } of session.output) {
      output += Buffer.from(data).toString();
      stop.abort();
    }
    expect(output).toBe('ready\n');
    expect(await session.exit).toBeNull();
  });

  when('exec')('a session ends when its run is killed', async () => {
    const { provider, start } = world();
    const run = await start();
    const session = await provider.exec(run, shell('echo ready; sleep 60'), within());
    for await (const chunk of session.output) {
      expect(chunk.stream).toBe('stdout');
      await provider.kill(run, 'KILL', within());
    }
    await session.exit;
  });

  when('exec')('nothing is executed in what does not run or is gone', async () => {
    const { provider, create } = world();
    const run = await create();
    await expect(provider.exec(run, shell('echo'), within())).rejects.toMatchObject({ code: 'conflict' });
    await provider.destroy(run, within());
    await expect(provider.exec(run, shell('echo'), within())).rejects.toMatchObject({ code: 'not_found' });
  });

  when('kernel', 'exec')('environment, folder and user are those that were asked for', async () => {
    const { provider, start } = world();
    const spec = {
      ...shell('echo $GREETING; pwd; id -un'),
      env: { GREETING: 'a=b "c"' },
      workdir: '/tmp',
      user: 'nobody',
    };
    const session = await provider.exec(await start(), spec, within());
    expect((await read(session)).stdout).toBe('a=b "c"\n/tmp\nnobody\n');
  });

  when('kernel', 'exec')('a terminal is one, has the size it was given, and mixes the streams', async () => {
    const { provider, start } = world();
    const spec = { ...shell('read go; stty size; echo err >&2'), stdin: true, tty: true };
    const session = await provider.exec(await start(), spec, within());
    await session.resize(101, 31);
    await session.write(Buffer.from('go\n'));
    const { stdout, stderr } = await read(session);
    expect(stdout).toContain('31 101');
    expect(stdout).toContain('err');
    expect(stderr).toBe('');
    expect(await session.exit).toBe(0);
  });
}

async function read(session: Session): Promise<{ stdout: string; stderr: string }> {
  const found = { stdout: '', stderr: '' };
  for await (const { stream, data } of session.output) found[stream] += Buffer.from(data).toString('latin1');
  return found;
}
