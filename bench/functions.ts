/** What `lambda` measures on: functions bundled as they are shipped, run by AWS's own runtime interface client. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type FunctionProcess, startFunction } from '../test/lambda/function-process.ts';
import { gatewayEvent } from '../test/lambda/gateway-event.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface Side {
  name: string;
  folder: string;
  env: NodeJS.ProcessEnv;
}

/** Bundled in the same manner as ours. */
export async function bundleBare(folder: string): Promise<void> {
  await build({
    ...{ absWorkingDir: root, entryPoints: { index: 'bench/bare-function.ts' }, outdir: folder },
    ...{ bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node22' },
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
}

/** From the start of its process until it asks for its first event, in milliseconds. */
export async function coldStartMs({ folder, env }: Side): Promise<number> {
  const began = performance.now();
  await using started = await startFunction(folder, env);
  await Promise.race([started.api.idle(), started.api.initError.then((why) => Promise.reject(new Error(why)))]);
  return performance.now() - began;
}

/** The same, and then until it has answered that event: what a client waits for whom no instance was ready for. */
export async function firstAnswerMs({ folder, env }: Side, target: string, key: string): Promise<number> {
  const began = performance.now();
  await using started = await startFunction(folder, env);
  await requestMs(started, target, key);
  return performance.now() - began;
}

/** Of its code alone. */
export function importMs({ folder, env }: Side): number {
  const program = [join(root, 'bench/import-time.ts'), folder];
  return Number(execFileSync(process.execPath, program, { env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' }));
}

/** One request and its whole answer, in milliseconds. Throws unless its status is 200. */
export async function requestMs({ api, log }: FunctionProcess, target: string, key: string): Promise<number> {
  const event = gatewayEvent({ method: 'GET', target, headers: { Authorization: `Bearer ${key}` } });
  const began = performance.now();
  const { head, body, ended } = await api.invoke(event);
  for await (const _ of body);
  const failure = await ended;
  if (head?.statusCode !== 200 || failure)
    throw new Error(`GET ${target} answered ${head?.statusCode}: ${failure} ${log()}`);
  return performance.now() - began;
}
