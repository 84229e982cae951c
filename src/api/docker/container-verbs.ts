/** start, stop, restart, kill, pause, unpause, rename: the services' verbs in Docker's statuses. */
import { containerName, signalName } from '../../domain/container-spec.ts';
import { AppError } from '../../domain/errors.ts';
import * as verbs from '../../services/container-verbs.ts';
import { type DockerAnswer, type DockerRequest, type Handler, noContent, notModified, textBody } from './request.ts';

const grace = { min: -1, max: 3600 };

/** 304 for what was so already. Throws timeout when it is still on its way: it goes on. */
function answerTo({ changed, converged }: verbs.VerbResult, unchanged: DockerAnswer = notModified): DockerAnswer {
  if (!converged) throw new AppError('timeout', 'Accepted, and still being worked on; look at the container again');
  return changed ? noContent : unchanged;
}

/** Throws conflict, as the Engine does, for what was so already. */
function answerToChange(result: verbs.VerbResult, already: string): DockerAnswer {
  if (!result.changed) throw new AppError('conflict', `Container ${result.container.name} is ${already}`);
  return answerTo(result);
}

export const start: Handler = async ({ deps }, request) => {
  const body = (await textBody(request)).trim();
  if (!['', '{}', 'null'].includes(body)) {
    const text = 'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24';
    throw new AppError('invalid', text);
  }
  return answerTo(await verbs.startContainer(deps, request.ctx, request.params.id ?? ''));
};

export const stop: Handler = async ({ deps }, request) =>
  answerTo(await verbs.stopContainer(deps, request.ctx, request.params.id ?? '', howToStop(request)));

export const restart: Handler = async ({ deps }, request) =>
  answerTo(await verbs.restartContainer(deps, request.ctx, request.params.id ?? '', howToStop(request)), noContent);

export const killContainer: Handler = async ({ deps }, { ctx, params, query }) =>
  answerTo(await verbs.killContainer(deps, ctx, params.id ?? '', signalOf(query.text('signal')) ?? 'KILL'), noContent);

export const pause: Handler = async ({ deps }, { ctx, params }) =>
  answerToChange(await verbs.pauseContainer(deps, ctx, params.id ?? ''), 'already paused');

export const unpause: Handler = async ({ deps }, { ctx, params }) =>
  answerToChange(await verbs.unpauseContainer(deps, ctx, params.id ?? ''), 'not paused');

export const rename: Handler = async ({ deps }, { ctx, params, query }) => {
  const name = nameOf(query.text('name'));
  if (name === undefined) throw new AppError('invalid', 'Neither old nor new names may be empty');
  return answerTo(await verbs.renameContainer(deps, ctx, params.id ?? '', name), noContent);
};

/** Of a query, with or without a leading slash. Throws invalid with the Engine's text. */
export function nameOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parsed = containerName.safeParse(text.replace(/^\//, ''));
  if (parsed.success) return parsed.data;
  throw new AppError('invalid', `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}

function howToStop({ query }: DockerRequest): { signal: string | undefined; graceSeconds: number | undefined } {
  const seconds = query.integer('t', grace);
  // -1: as long as it takes, which is an hour here.
  return { signal: signalOf(query.text('signal')), graceSeconds: seconds === -1 ? grace.max : seconds };
}

/** Throws invalid. */
function signalOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parsed = signalName.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid', `Invalid signal: ${text}`);
}
