/** Where a build's commands run: this machine's shell in a folder of its own, with the plain docker CLI and a small `aws`. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface BuildMachine {
  /** Where the source is laid. */
  source: string;
  /** The commands in one shell each, until one fails. @returns whether all succeeded */
  run(commands: string[], env: Record<string, string>, signal: AbortSignal): Promise<boolean>;
  close(): void;
}

export interface MachineOptions {
  dockerHost: string;
  /** What `aws ecr get-login-password` prints. */
  ecrPassword: () => string;
  onLine: (line: string) => void;
}

export function openMachine({ dockerHost, ecrPassword, onLine }: MachineOptions): BuildMachine {
  const home = mkdtempSync(join(tmpdir(), 'longshore-codebuild-'));
  const source = join(home, 'src');
  const bin = join(home, 'bin');
  for (const folder of [source, bin]) mkdirSync(folder);
  writeFileSync(join(bin, 'aws'), awsCommand(ecrPassword()), { mode: 0o700 });
  chmodSync(join(bin, 'aws'), 0o700);
  const machineEnv = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    DOCKER_HOST: dockerHost,
    DOCKER_CONFIG: join(home, '.docker'),
    DOCKER_BUILDKIT: '0',
    CODEBUILD_SRC_DIR: source,
  };
  return {
    source,
    async run(commands, env, signal) {
      for (const command of commands) {
        if (signal.aborted) return false;
        onLine(`[Container] Running command ${command}`);
        const child = spawn('sh', ['-c', command], { cwd: source, env: { ...machineEnv, ...env }, detached: true });
        // A group of its own, so that what the shell started ends too.
        const kill = () => child.pid && process.kill(-child.pid, 'SIGKILL');
        signal.addEventListener('abort', kill, { once: true });
        for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', onLine);
        const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
        signal.removeEventListener('abort', kill);
        if (code !== 0) {
          onLine(`[Container] Command did not exit successfully ${command} exit status ${code}`);
          return false;
        }
      }
      return true;
    },
    close: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** The one command that builds of images need of the AWS CLI. */
function awsCommand(password: string): string {
  return `#!/bin/sh
[ "$1 $2" = "ecr get-login-password" ] && echo '${password}' && exit 0
echo "the fake's aws has no $*" >&2
exit 252
`;
}
