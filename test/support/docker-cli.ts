/** The plain docker CLI as a tenant: an unmodified client with a configuration folder of its own that carries the tenant's key. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CliResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  /** Written to its standard input, which then ends. Absent: nothing, and an end at once. */
  input?: string | Uint8Array;
  cwd?: string;
  env?: Record<string, string>;
  /** Ends a command that hangs, in seconds. */
  timeoutSeconds?: number;
}

export interface DockerCli extends Disposable {
  /** Its --config folder. */
  configDir: string;
  /** Runs to its end; never throws for an exit code. */
  run(args: string[], options?: CliOptions): Promise<CliResult>;
  /** The trimmed standard output. Throws what the command said unless it ended with 0. */
  ok(args: string[], options?: CliOptions): Promise<string>;
  /** For commands that go on: the caller ends it. Its standard input is a pipe. */
  start(args: string[], options?: CliOptions): ChildProcess;
  /** A line of shell on a terminal, with this tenant's environment. @param typed on that terminal, from the beginning on */
  script(line: string, typed?: string): Promise<CliResult>;
  /** What other clients need in their environment to be this tenant. */
  env: Record<string, string>;
}

/** @param url of the server, `http://…` */
export function dockerCli(url: string, key: string): DockerCli {
  const host = url.replace(/^http:/, 'tcp:');
  return cliWith({ HttpHeaders: { Authorization: `Bearer ${key}` } }, { DOCKER_HOST: host });
}

/** With nothing in its configuration: what it needs is in its environment. */
export const dockerCliWith = (env: Record<string, string>): DockerCli => cliWith({}, env);

function cliWith(config: object, given: Record<string, string>): DockerCli {
  const configDir = mkdtempSync(join(tmpdir(), 'longshore-docker-'));
  writeFileSync(join(configDir, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  const env: Record<string, string> = { ...given, DOCKER_CONFIG: configDir, DOCKER_BUILDKIT: '0' };

  const start = (args: string[], options?: CliOptions) => launch('docker', args, options);
  const run = (args: string[], options: CliOptions = {}) => finish(start(args, options), options);

  function launch(
    program: string,
    args: string[],
    { cwd, env: more = {}, timeoutSeconds = 60 }: CliOptions = {},
  ): ChildProcess {
    const child = spawn(program, args, { cwd, env: { PATH: process.env.PATH, HOME: configDir, ...env, ...more } });
    // The CLI passes SIGTERM on to the container it is attached to.
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutSeconds * 1000);
    child.once('exit', () => clearTimeout(late));
    return child;
  }

  async function finish(child: ChildProcess, options: CliOptions = {}): Promise<CliResult> {
    const stdout = gather(child.stdout);
    const stderr = gather(child.stderr);
    // A command that ends early takes no more of it.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
    const [exitCode] = await once(child, 'close');
    return { exitCode, stdout: stdout(), stderr: stderr() };
  }

  return {
    configDir,
    env,
    start,
    run,
    script: (line, input = '') => finish(launch('script', ['-qec', line, '/dev/null']), { input }),
    ok: async (args, options) => {
      const { exitCode, stdout, stderr } = await run(args, options);
      if (exitCode === 0) return stdout.trim();
      throw new Error(`docker ${args.join(' ')} ended with ${exitCode}: ${stderr || stdout}`);
    },
    [Symbol.dispose]: () => rmSync(configDir, { recursive: true, force: true }),
  };
}

function gather(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
