/** `longshore connect` where Longshore answers requests and carries no connection: the plain docker CLI over AWS's own sessions. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startAgent } from '../../src/agent/agent.ts';
import { openAwsDoor } from '../support/aws-door.ts';
import { dockerCliWith } from '../support/docker-cli.ts';
import { waitFor } from '../support/wait-for.ts';

const { a: bare, app, account, image } = await openAwsDoor();
app.deps.listening.twoWay = false;

/** On the way to Longshore: ends followed logs early, in turn as a function does and as a network does. */
let cutting = false;
let cuts = 0;
const way = createServer((incoming, outgoing) => {
  const { method, url, rawHeaders } = incoming;
  const sent = request(new URL(url ?? '', app.url), { method, headers: rawHeaders }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 0, answer.rawHeaders).flushHeaders();
    answer.pipe(outgoing);
    if (!cutting || !url?.includes('/logs?')) return;
    const cut = setTimeout(() => {
      answer.unpipe(outgoing).destroy();
      if (cuts++ % 2 === 0) outgoing.end();
      else outgoing.end('{"stream":"std', () => outgoing.destroy());
    }, 1200);
    answer.once('end', () => clearTimeout(cut));
  });
  incoming.pipe(sent);
}).listen(0, '127.0.0.1');
await once(way, 'listening');
afterAll(() => void way.close());
const { port } = way.address() as AddressInfo;

const folder = mkdtempSync(join(tmpdir(), 'longshore-one-way-'));
const agent = await startAgent(
  { url: new URL(`http://127.0.0.1:${port}`), key: app.a.admin.key, ca: null },
  { socketPath: join(folder, 'docker.sock') },
);
const cli = dockerCliWith({ DOCKER_HOST: agent.dockerHost });
afterAll(async () => {
  cli[Symbol.dispose]();
  await agent.close();
  rmSync(folder, { recursive: true });
});

const minutes = { timeout: 180_000 };
const box = async (name: string) => {
  await cli.ok(['run', '-d', '--name', name, image, 'sleep', '600']);
  await waitFor(async () => (await cli.ok(['inspect', name, '--format', '{{.State.Status}}'])) === 'running', {
    timeoutMs: 60_000,
  });
};

test('a bare client is told what to do instead', minutes, async () => {
  await cli.ok(['pull', image]);
  await box('box');
  const refused = await bare.run(['exec', 'box', 'true']);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toContain('`longshore connect`');
});

test('a foreground run shows its output on both streams and ends with its exit code', minutes, async () => {
  const said = await cli.run(['run', image, 'sh', '-c', 'echo out; sleep 1; echo again; exit 3'], {
    timeoutSeconds: 120,
  });
  expect(said).toMatchObject({ exitCode: 3, stdout: 'out\nagain\n' });
});

test(
  'output goes on behind answers that end early or break off, without a line lost or told twice',
  minutes,
  async () => {
    cutting = true;
    const said = await cli.run(['run', image, 'sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.5; done'], {
      timeoutSeconds: 120,
    });
    cutting = false;
    expect(said).toEqual({ exitCode: 0, stdout: '1\n2\n3\n4\n5\n6\n7\n8\n9\n', stderr: '' });
    expect(cuts).toBeGreaterThan(2);
  },
);

test('exec carries input, both streams and the exit code, and what it tells is on record', minutes, async () => {
  const said = await cli.run(['exec', '-e', 'A=1', 'box', 'sh', '-c', 'echo $A; echo no >&2; exit 7']);
  expect(said).toEqual({ exitCode: 7, stdout: '1\n', stderr: 'no\n' });
  const input = randomBytes(300_000).toString('base64');
  const echoed = await cli.run(['exec', '-i', 'box', 'cat'], { input, timeoutSeconds: 120 });
  expect(echoed.exitCode).toBe(0);
  expect(echoed.stdout === input).toBe(true);
  const ends = await app.deps.db.query('reconciler', {
    ...{ text: "select data->>'exitCode' as code from events where type = 'exec.ended' order by seq", params: [] },
  });
  expect(ends.map(({ code }) => code)).toEqual(['7', '0']);
});

test('a terminal is one: typed on, resized, ended', minutes, async () => {
  const shown = await cli.script('docker exec -it box sh', 'tty; echo $((6*7)); exit 5\n');
  expect(shown.stdout).toContain('/dev/');
  expect(shown.stdout).toContain('42');
});

test('a detached command runs on without its client', minutes, async () => {
  await cli.ok(['exec', '-d', 'box', 'sh', '-c', 'sleep 1; touch /tmp/done']);
  await waitFor(async () => (await cli.run(['exec', 'box', 'ls', '/tmp/done'])).exitCode === 0, { timeoutMs: 60_000 });
});

test('nobody speaks over a session of another command', minutes, async () => {
  const asAgent = { 'longshore-connect': '1' };
  const describe = () =>
    app.a.admin.expect<{ Id: string }>(201, 'POST', '/containers/box/exec', { Cmd: ['sleep', '5'] }, asAgent);
  const [first, second] = [await describe(), await describe()];
  const open = (exec: string, body: object) => app.a.admin.send('PUT', `/v1/execs/${exec}/session`, body);
  const { started } = (await (await open(first.Id, {})).json()) as { started: { resume: string } };
  expect((await open(first.Id, {})).status).toBe(409);
  expect((await open(first.Id, { resume: started.resume })).status).toBe(200);
  expect((await open(second.Id, { resume: started.resume })).status).toBe(400);
  expect((await app.b.admin.send('PUT', `/v1/execs/${first.Id}/session`, { resume: started.resume })).status).toBe(404);
  expect((await app.a.admin.send('PUT', `/v1/execs/${second.Id}/result`, { exitCode: 0 })).status).toBe(409);
  expect((await app.a.admin.send('PUT', `/v1/execs/${first.Id}/result`, { exitCode: 0 })).status).toBe(204);
  expect(account.fake.failures).toEqual([]);
});
