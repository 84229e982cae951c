/** docker-py 5, unmodified, running what its users would write. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type DockerCli, dockerCli } from '../support/docker-cli.ts';
import { runProgram } from '../support/program.ts';

let app: TestApp;
let docker: DockerCli;

beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  docker = dockerCli(app.url, app.a.admin.key);
});
afterAll(async () => {
  docker?.[Symbol.dispose]();
  await app?.close();
});

test('containers, exec, logs, networks, volumes and events do what docker-py expects', async () => {
  const script = fileURLToPath(new URL('docker_py.py', import.meta.url));
  const env = { PATH: '/usr/bin:/bin', HOME: docker.configDir, ...docker.env };
  const { exitCode, stdout, stderr } = await runProgram('/usr/bin/python3', [script, app.image], { env });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.split('\n').filter((line) => !line.startsWith('ok '))).toEqual(['']);
  expect(stdout.match(/^ok /gm)?.length).toBeGreaterThan(20);
});
