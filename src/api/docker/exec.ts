/** Commands in running containers: described, started, resized, asked about. */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { Session } from '../../services/exec.ts';
import {
  startExec as begin,
  createExec as describe,
  getExec,
  resizeExec as resize,
} from '../../services/exec-records.ts';
import { requireTwoWay } from '../two-way.ts';
import { type Opener, opened } from './hijack.ts';
import { type Handler, jsonBody, ok } from './request.ts';
import { terminalSize } from './terminal.ts';

const environment = z
  .array(z.string())
  .nullish()
  .transform((list) =>
    Object.fromEntries(
      (list ?? []).flatMap((entry) => {
        const end = entry.indexOf('=');
        return end > 0 ? [[entry.slice(0, end), entry.slice(end + 1)]] : [];
      }),
    ),
  );

const execConfig = z.strictObject({
  /** docker-py repeats what the path says. */
  Container: z.string().nullish(),
  AttachStdin: z.boolean().nullish(),
  AttachStdout: z.boolean().nullish(),
  AttachStderr: z.boolean().nullish(),
  /** What the client's terminal measures; a resize follows anyway. */
  ConsoleSize: z.array(z.number()).nullish(),
  /** Handled by the client of the API, which sees the keys first. */
  DetachKeys: z.string().nullish(),
  Detach: z.boolean().nullish(),
  Tty: z.boolean().nullish(),
  Env: environment,
  Cmd: z.array(z.string()).min(1, 'No exec command specified'),
  Privileged: z.boolean().nullish(),
  User: z.string().max(256).nullish(),
  WorkingDir: z.string().max(4096).nullish(),
});

export const createExec: Handler = async ({ deps }, request) => {
  // Here rather than at its start: of what refuses an upgrade the docker CLI shows no more than the status. The agent of
  // `longshore connect` starts it by another way.
  if (request.header('longshore-connect') === undefined) requireTwoWay(deps);
  const body = await jsonBody(request, execConfig);
  if (body.Privileged)
    throw new AppError('forbidden', 'Privileged: commands cannot be given the privileges of the host');
  if (body.Container && body.Container !== request.params.id)
    throw new AppError('invalid', 'Container: is another one than the path names');
  const id = await describe(deps, request.ctx, request.params.id ?? '', {
    command: body.Cmd,
    env: body.Env,
    user: body.User || undefined,
    workdir: body.WorkingDir || undefined,
    stdin: body.AttachStdin ?? false,
    tty: body.Tty ?? false,
  });
  return { status: 201, json: { Id: id } };
};

const startConfig = z.strictObject({
  Detach: z.boolean().nullish(),
  /** Options of dockerode to itself, which it sends along; they say nothing to an Engine. */
  hijack: z.boolean().nullish(),
  stdin: z.boolean().nullish(),
  Tty: z.boolean().nullish(),
  ConsoleSize: z.array(z.number()).nullish(),
});

export const startExec: Opener = async (door, request) => {
  const { deps, liveExecs } = door;
  const { ctx, params } = request;
  const { Detach: detach } = await jsonBody(request, startConfig);
  const exec = await getExec(deps, ctx, params.id ?? '');
  if (detach) {
    // It lasts as long as its command, whatever becomes of this request.
    using beginning = new DisposableStack();
    beginning.use(deps.places.streams.take(ctx.principal.tenantId));
    const session = await begin(deps, ctx, exec, liveExecs, new AbortController().signal);
    const place = beginning.move();
    void drain(session)
      .catch((error) => deps.log.warn({ err: error, exec: exec.id }, 'a detached command broke off'))
      .finally(() => place.dispose());
    return { status: 200 };
  }
  const { tty, stdin } = exec.spec;
  return opened(door, request, tty, stdin, (signal) => begin(deps, ctx, exec, liveExecs, signal));
};

async function drain({ output }: Session): Promise<void> {
  for await (const _ of output);
}

export const resizeExec: Handler = async ({ deps, liveExecs }, { ctx, params, query }) => {
  const size = terminalSize(query);
  if (size) await resize(deps, ctx, params.id ?? '', liveExecs, size);
  return { status: 200 };
};

export const inspectExec: Handler = async ({ deps }, { ctx, params }) => {
  const { id, containerId, spec, state, exitCode } = await getExec(deps, ctx, params.id ?? '');
  const [entrypoint = '', ...args] = spec.command;
  return ok({
    ID: id,
    Running: state === 'running',
    ExitCode: state === 'exited' ? exitCode : null,
    ProcessConfig: { tty: spec.tty, entrypoint, arguments: args, privileged: false, user: spec.user ?? '' },
    OpenStdin: spec.stdin,
    OpenStderr: true,
    OpenStdout: true,
    CanRemove: state === 'exited',
    ContainerID: containerId,
    DetachKeys: '',
    Pid: 0,
  });
};
