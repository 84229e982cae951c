/** Runs another program of this machine to its end: clients that are not ours. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ProgramResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** @param env all that it gets; killed after `timeoutSeconds`. Never throws for an exit code. */
export async function runProgram(
  program: string,
  args: string[],
  { cwd, env, timeoutSeconds = 120 }: { cwd?: string; env: Record<string, string>; timeoutSeconds?: number },
): Promise<ProgramResult> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutSeconds * 1000 });
  const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
  const [exitCode] = await once(child, 'close');
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

function gather(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
