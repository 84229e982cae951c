import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { startContainer } from '../../support/containers.ts';
import { waitFor } from '../../support/wait-for.ts';

let app: TestApp;
let id: string;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory', env: { LONGSHORE_MAX_STREAMS: '2' } });
  id = await startContainer(app, ['sleep', '600']);
});
afterAll(() => app.close());

async function execDetached(command: string[]): Promise<number> {
  const { Id } = await app.a.admin.expect<{ Id: string }>(201, 'POST', `/v1.43/containers/${id}/exec`, {
    Cmd: command,
  });
  return (await app.a.admin.send('POST', `/v1.43/exec/${Id}/start`, { Detach: true })).status;
}

test('detached commands take a place each while they run', async () => {
  expect(await execDetached(['sleep', '600'])).toBe(200);
  expect(await execDetached(['true'])).toBe(200);
  await waitFor(async () => (await execDetached(['sleep', '600'])) === 200);
  expect(await execDetached(['true'])).toBe(429);
});
