/** One command in a container over HTTP, on the memory provider. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startContainer } from '../support/containers.ts';

let app: TestApp;
let id: string;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
  id = await startContainer(app, ['sleep', '600']);
});
afterAll(() => app.close());

const exec = (body: Record<string, unknown>, status = 200, headers = {}) =>
  app.a.admin.expect(status, 'POST', `/v1/containers/${id}/exec`, body, headers);

test('a command answers its exit code and both of its streams', async () => {
  const command = ['sh', '-c', 'echo out; echo err >&2; exit 7'];
  expect(await exec({ command })).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n', truncated: false });
});

test('it gets its input and its environment', async () => {
  expect(await exec({ command: ['cat'], stdin: 'größer\n' })).toMatchObject({ stdout: 'größer\n', exitCode: 0 });
  const command = ['sh', '-c', 'echo $NAME'];
  expect(await exec({ command, env: { NAME: 'value' } })).toMatchObject({ stdout: 'value\n' });
});

test('without input it has none to wait for', async () => {
  expect(await exec({ command: ['cat'] })).toMatchObject({ stdout: '', exitCode: 0 });
});

test('a command that is not there ends with 127', async () => {
  expect(await exec({ command: ['no-such-command'] })).toMatchObject({ exitCode: 127 });
  expect(await exec({ command: ['uname', '-a'] })).toMatchObject({ exitCode: 127, stderr: 'uname: not found\n' });
});

test('a command that does not end in time is 504', async () => {
  expect(await exec({ command: ['sleep', '60'], timeoutSeconds: 1 }, 504)).toMatchObject({ code: 'timeout' });
});

test('a repeated request is answered without its output', async () => {
  const headers = { 'idempotency-key': 'once' };
  expect(await exec({ command: ['echo', 'hello'] }, 200, headers)).toMatchObject({ stdout: 'hello\n' });
  const replay = await exec({ command: ['echo', 'hello'] }, 200, headers);
  expect(replay).toMatchObject({ exitCode: 0, stdout: null, stderr: null, note: expect.any(String) });
});

test('after a timeout a repeated request does not run the command again', async () => {
  const headers = { 'idempotency-key': 'slow' };
  await exec({ command: ['sleep', '60'], timeoutSeconds: 1 }, 504, headers);
  expect(await exec({ command: ['sleep', '60'], timeoutSeconds: 1 }, 200, headers)).toMatchObject({ exitCode: null });
});

test('a container that does not run is 409 and says its state', async () => {
  const created = await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', { image: app.image });
  const path = `/v1/containers/${created.id}/exec`;
  expect(await app.a.admin.expect(409, 'POST', path, { command: ['true'] })).toMatchObject({ state: 'created' });
});

test('a viewer may not, and another tenant sees no such container', async () => {
  const path = `/v1/containers/${id}/exec`;
  expect(await app.a.viewer.expect(403, 'POST', path, { command: ['true'] })).toMatchObject({ code: 'forbidden' });
  const foreign = await app.b.admin.expect(404, 'POST', path, { command: ['true'] });
  expect(foreign).toMatchObject({ detail: `No such container: ${id}` });
});

test.each([
  [{}, 'command'],
  [{ command: [] }, 'command'],
  [{ command: 'ls' }, 'command'],
  [{ command: ['a\0b'] }, 'command.0'],
  [{ command: ['ls'], workdir: 'tmp' }, 'workdir'],
  [{ command: ['ls'], timeoutSeconds: 601 }, 'timeoutSeconds'],
  [{ command: ['ls'], detach: true }, ''],
])('%j is refused', async (body, field) => {
  expect(await exec(body, 400)).toMatchObject({ errors: [{ path: field }] });
});
