/** Scripts of our own in a container: run to their end as root, with what they say read whole. */
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions, Session } from '../../provider.ts';
import type { Site } from '../site.ts';
import { type ExecTarget, execIn } from './exec.ts';

/** Of what a script says. */
const maxBytes = 16 * 1024 * 1024;

/** @param words what the script finds as `$1`, `$2` … */
export function openScript(
  site: Site,
  target: ExecTarget,
  { script, words = [], stdin = false }: { script: string; words?: string[]; stdin?: boolean },
  options: CallOptions,
): Promise<Session> {
  const command = ['sh', '-c', script, 'sh', ...words];
  return execIn(site, target, { command, env: {}, workdir: '/', user: 'root', stdin, tty: false }, options);
}

/** Throws unavailable when its end was not seen. */
export async function runScript(
  site: Site,
  target: ExecTarget,
  script: { script: string; words?: string[] },
  options: CallOptions,
): Promise<{ code: number; stdout: Buffer; stderr: string }> {
  return whole(await openScript(site, target, script, options), options);
}

async function whole(
  session: Session,
  { signal }: CallOptions,
): Promise<{ code: number; stdout: Buffer; stderr: string }> {
  const said: Record<'stdout' | 'stderr', Uint8Array[]> = { stdout: [], stderr: [] };
  let size = 0;
  for await (const { stream, data } of session.output) {
    size += data.length;
    if (size > maxBytes) throw new AppError('unavailable', 'The container answers without end');
    said[stream].push(data);
  }
  const code = await session.exit;
  if (signal.aborted) throw new AppError('timeout', 'The container did not answer in time');
  if (code === null) throw new AppError('unavailable', 'The connection to the container broke off');
  return { code, stdout: Buffer.concat(said.stdout), stderr: Buffer.concat(said.stderr).toString() };
}
