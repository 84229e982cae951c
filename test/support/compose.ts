/** docker-compose 1.29, unmodified, on the project in a folder. */

import { runProgram } from './program.ts';
import type { ClientEnv } from './ways.ts';

/** Answers the trimmed standard output. Throws what it said unless it ended with 0. */
export type Compose = (...args: string[]) => Promise<string>;

/** @param env what makes a client a tenant, HOME included: Compose runs the docker CLI for some of its commands */
export function composeIn(folder: string, project: string, env: ClientEnv): Compose {
  return async (...args) => {
    const all = { PATH: '/usr/local/bin:/usr/bin:/bin', DOCKER_BUILDKIT: '0', ...env };
    const done = await runProgram('/usr/bin/docker-compose', ['-p', project, ...args], { cwd: folder, env: all });
    if (done.exitCode === 0) return done.stdout.trim();
    throw new Error(`docker-compose ${args.join(' ')} ended with ${done.exitCode}: ${done.stderr}${done.stdout}`);
  };
}
