/** docker-py 5, unmodified, running what its users would write: docker_py.py, which says of each thing whether it holds. */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { runProgram } from './program.ts';
import type { ClientEnv } from './ways.ts';

/** For a tenant who has nothing yet. @param env what makes a client this tenant, HOME included */
export async function runDockerPy(image: string, env: ClientEnv): Promise<void> {
  const script = fileURLToPath(new URL('docker_py.py', import.meta.url));
  const done = await runProgram('/usr/bin/python3', [script, image], { env: { PATH: '/usr/bin:/bin', ...env } });
  expect(done).toMatchObject({ exitCode: 0, stderr: '' });
  expect(done.stdout.split('\n').filter((line) => !line.startsWith('ok '))).toEqual(['']);
  expect(done.stdout.match(/^ok /gm)?.length).toBeGreaterThan(20);
}
