/** A bundled function as Lambda runs it: a process with AWS's runtime interface client, and a Runtime API for it alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type RuntimeApi, startRuntimeApi } from './runtime-api.ts';
import { runtimeClient } from './runtime-client.ts';

export interface FunctionProcess extends AsyncDisposable {
  api: RuntimeApi;
  child: ChildProcess;
  /** What it wrote so far: its log. */
  log(): string;
}

/** @param folder of the bundle; @param env the function's settings, beside Lambda's own */
export async function startFunction(
  folder: string,
  env: NodeJS.ProcessEnv,
  nodeOptions: string[] = [],
): Promise<FunctionProcess> {
  const client = await runtimeClient();
  const api = await startRuntimeApi();
  const child = spawn(process.execPath, [...nodeOptions, client], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_LAMBDA_FUNCTION_NAME: 'longshore-api',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/longshore-api',
      AWS_LAMBDA_LOG_STREAM_NAME: 'test',
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: 'index.handler',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      log += chunk;
    });
  }
  const exited = once(child, 'exit');
  return {
    api,
    child,
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
      await api[Symbol.asyncDispose]();
    },
  };
}
