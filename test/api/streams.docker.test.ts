/** Logs, exec, stats and top over HTTP with real processes. Needs an Engine and Postgres. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startContainer } from '../support/containers.ts';
import { eventsOf, nextEvent } from '../support/event-stream.ts';
import { waitFor } from '../support/wait-for.ts';
import { openSocket } from '../support/web-socket.ts';

let app: TestApp;
let id: string;
beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  id = await startContainer(app, ['sh', '-c', 'trap "exit 0" TERM; sleep 600 & wait']);
});
afterAll(() => app.close());

const get = (path: string, headers = {}) => app.a.admin.send('GET', path, undefined, headers);
const exec = (body: Record<string, unknown>, status = 200, headers = {}) =>
  app.a.admin.expect<Record<string, unknown>>(status, 'POST', `/v1/containers/${id}/exec`, body, headers);

describe('logs', () => {
  test('survive stop and start and keep their streams apart', async () => {
    const made = await startContainer(app, ['sh', '-c', 'echo out; echo err >&2']);
    const path = `/v1/containers/${made}`;
    await app.a.admin.expect(200, 'GET', `${path}/wait`);
    await app.a.admin.expect(200, 'POST', `${path}/start`);
    await app.a.admin.expect(200, 'GET', `${path}/wait`);
    const response = await get(`${path}/logs?tail=2`, { accept: 'application/x-ndjson' });
    const lines = (await response.text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      expect.arrayContaining([
        { stream: 'stdout', at: expect.any(String), line: 'out' },
        { stream: 'stderr', at: expect.any(String), line: 'err' },
      ]),
    );
    expect((await (await get(`${path}/logs`)).text()).match(/out/g)).toHaveLength(2);
    expect(await (await get(`${path}/logs?since=1h&until=30m`)).text()).toBe('');
  });

  test('are followed until the run ends', async () => {
    const made = await startContainer(app, ['sh', '-c', 'echo one; read line; echo two'], { stdin: true });
    const response = await get(`/v1/containers/${made}/logs?follow=true`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toMatchObject({ value: 'one\n' });
    await app.a.admin.expect(200, 'POST', `/v1/containers/${made}/kill`);
    expect(await reader?.read()).toMatchObject({ done: true });
  });
});

describe('exec', () => {
  test('runs as it is asked to', async () => {
    const command = ['sh', '-c', 'id -un; pwd; echo $NAME; cat; exit 5'];
    const asked = { command, user: 'nobody', workdir: '/tmp', env: { NAME: 'value' }, stdin: 'input' };
    expect(await exec(asked)).toEqual({
      exitCode: 5,
      stdout: 'nobody\n/tmp\nvalue\ninput',
      stderr: '',
      truncated: false,
    });
  });

  test('keeps a megabyte of each stream and lets the command go on', async () => {
    const command = ['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x; echo done >&2; exit 3'];
    const { stdout, ...rest } = await exec({ command });
    expect(String(stdout)).toHaveLength(1024 * 1024);
    expect(rest).toEqual({ exitCode: 3, stderr: 'done\n', truncated: true });
  });

  test('of what cannot run is 126 or 127 and no error of ours', async () => {
    // Which of them depends on the Engine's version.
    const unable = { exitCode: expect.toBeOneOf([126, 127]) };
    expect(await exec({ command: ['no-such-command'] })).toMatchObject(unable);
    expect(await exec({ command: ['/etc/passwd'] })).toMatchObject(unable);
  });

  test('under an Idempotency-Key happens once', async () => {
    const command = ['sh', '-c', 'echo again >> /tmp/runs'];
    for (let count = 0; count < 3; count++) await exec({ command }, 200, { 'idempotency-key': 'runs' });
    expect(await exec({ command: ['cat', '/tmp/runs'] })).toMatchObject({ stdout: 'again\n' });
  });

  test('over time is 504 and its session closed', async () => {
    expect(await exec({ command: ['sleep', '30'], timeoutSeconds: 1 }, 504)).toMatchObject({ code: 'timeout' });
  });
});

describe('a terminal over a WebSocket', () => {
  const open = async (command: string[], more: string) => {
    const { ticket } = await app.a.admin.expect<{ ticket: string }>(201, 'POST', '/v1/tickets');
    const words = command.map((word) => `command=${encodeURIComponent(word)}`).join('&');
    return openSocket(`${app.url}/v1/containers/${id}/exec/ws?${words}&ticket=${ticket}${more}`);
  };

  test('has the size it was opened with and the one it is given', async () => {
    const { socket, next, rest } = await open(['sh'], '&tty=true&columns=101&rows=31');
    let seen = '';
    const until = async (text: string) => {
      while (!seen.includes(text))
        seen += Buffer.from((await next()) as Buffer)
          .subarray(1)
          .toString();
    };
    socket.send(Buffer.from('stty size\n'));
    await until('31 101');
    socket.send(JSON.stringify({ type: 'resize', columns: 90, rows: 20 }));
    socket.send(Buffer.from('stty size\n'));
    await until('20 90');
    socket.send(Buffer.from('exit 4\n'));
    expect(await rest()).toMatchObject({ messages: [{ type: 'exit', exitCode: 4 }], code: 1000 });
  });

  test('carries megabytes both ways without a loss', async () => {
    const { socket, rest } = await open(['cat'], '');
    const piece = Buffer.alloc(64 * 1024, 'x');
    for (let count = 0; count < 64; count++) socket.send(piece);
    socket.send(JSON.stringify({ type: 'eof' }));
    const { stdout, messages } = await rest();
    expect(stdout.length).toBe(64 * piece.length);
    expect(messages).toEqual([{ type: 'exit', exitCode: 0 }]);
  });

  test('a command that says much waits for a client that does not read', async () => {
    const { socket, next } = await open(['sh', '-c', 'echo $$; exec yes'], '');
    const first = Buffer.from((await next()) as Buffer);
    socket.pause();
    const pid = first.subarray(1).toString().split('\n')[0];
    const written = async () => {
      const { stdout } = await exec({ command: ['sh', '-c', `grep wchar /proc/${pid}/io`] });
      return stdout;
    };
    let before: unknown = '';
    await waitFor(
      async () => {
        const now = await written();
        const same = now !== '' && now === before;
        before = now;
        return same;
      },
      { intervalMs: 300 },
    );
    expect(Number(String(before).replace(/\D/g, ''))).toBeLessThan(64 * 1024 * 1024);
    socket.terminate();
  });

  test('a command that reads nothing holds its client back', async () => {
    const { socket } = await open(['sleep', '60'], '');
    const piece = Buffer.alloc(256 * 1024);
    const total = 200;
    for (let count = 0; count < total; count++) socket.send(piece);
    let before = -1;
    await waitFor(
      () => {
        const same = socket.bufferedAmount === before;
        before = socket.bufferedAmount;
        return same;
      },
      { intervalMs: 300 },
    );
    expect(socket.bufferedAmount).toBeGreaterThan((total * piece.length) / 2);
    socket.terminate();
  });
});

test('stats are measured once or as a stream, and processes are listed', async () => {
  const sample = { memoryLimitBytes: 512 * 1024 * 1024, pids: expect.any(Number) };
  expect(await app.a.admin.expect(200, 'GET', `/v1/containers/${id}/stats`)).toMatchObject(sample);
  const stream = eventsOf(await get(`/v1/containers/${id}/stats`, { accept: 'text/event-stream' }));
  expect(await nextEvent(stream)).toMatchObject({ data: sample });
  expect(await nextEvent(stream)).toMatchObject({ data: sample });
  await stream.return();
  const top = await app.a.admin.expect<{ titles: string[]; processes: string[][] }>(
    200,
    'GET',
    `/v1/containers/${id}/top?ps=${encodeURIComponent('-o pid,args')}`,
  );
  expect(top.titles).toEqual(['PID', 'COMMAND']);
  expect(top.processes.flat().join(' ')).toContain('sleep 600');
});
