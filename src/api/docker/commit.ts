/** POST /commit: an image made of a container. */
import { z } from 'zod';
import { signalName } from '../../domain/container-spec.ts';
import { AppError } from '../../domain/errors.ts';
import { familiarRepository, type ImageTag, parseImageReference } from '../../domain/image.ts';
import { type ImageConfigChange, imageConfigChange } from '../../domain/image-config-change.ts';
import { commitContainer } from '../../services/commit.ts';
import { parseJson } from './json.ts';
import { type Handler, textBody } from './request.ts';

const strings = z.array(z.string()).nullish();
const keys = z.record(z.string(), z.unknown()).nullish();
const nanoseconds = z.number().int().nonnegative().nullish();

/**
 * The members of ContainerConfig that an image keeps. The others say how one container runs, and clients send them along with
 * options of their own; the Engine reads neither.
 */
const commitConfig = z
  .object({
    Cmd: strings,
    Entrypoint: strings,
    Env: strings,
    User: z.string().nullish(),
    WorkingDir: z.string().nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
    ExposedPorts: keys,
    Volumes: keys,
    OnBuild: strings,
    StopSignal: z.string().nullish(),
    Shell: strings,
    Healthcheck: z
      .object({
        Test: strings,
        Interval: nanoseconds,
        Timeout: nanoseconds,
        StartPeriod: nanoseconds,
        Retries: z.number().int().nonnegative().nullish(),
      })
      .nullish(),
  })
  .nullable();

export const commit: Handler = async ({ deps }, request) => {
  const { ctx, query } = request;
  const container = query.text('container');
  if (container === undefined) throw new AppError('invalid', 'bad parameter: container cannot be empty');
  const text = await textBody(request);
  const image = await commitContainer(deps, ctx, container, {
    tag: tagOf(query.text('repo'), query.text('tag')),
    author: query.text('author') ?? '',
    comment: query.text('comment') ?? '',
    pause: query.flag('pause', true),
    changes: query.all('changes'),
    config: configOf(text === '' ? null : parseJson(text)),
  });
  return { status: 201, json: { Id: image.id } };
};

/** Throws invalid. */
function tagOf(repo: string | undefined, tag: string | undefined): ImageTag | null {
  if (repo === undefined) return null;
  const reference = parseImageReference(tag === undefined ? repo : `${repo}:${tag}`);
  if (reference.digest !== null || reference.tag === null) {
    throw new AppError('invalid', 'cannot import digest reference');
  }
  return { repository: familiarRepository(reference), tag: reference.tag };
}

/** Throws invalid naming the field. */
function configOf(body: unknown): ImageConfigChange {
  const given = checked(commitConfig, body) ?? {};
  if (given.Shell?.length) throw new AppError('invalid', 'Shell: an image made of a container keeps the one it has');
  const check = given.Healthcheck;
  const seconds = (value: number | null | undefined) => (value ? Math.max(1, value / 1e9) : undefined);
  const wanted = {
    command: filled(given.Cmd),
    entrypoint: filled(given.Entrypoint),
    env: given.Env?.length ? given.Env.map((entry) => (entry.includes('=') ? entry : `${entry}=`)) : undefined,
    user: given.User || undefined,
    workdir: given.WorkingDir || undefined,
    labels: given.Labels ?? undefined,
    exposedPorts: given.ExposedPorts
      ? Object.keys(given.ExposedPorts).map((port) => (port.includes('/') ? port : `${port}/tcp`))
      : undefined,
    volumes: given.Volumes ? Object.keys(given.Volumes) : undefined,
    onBuild: filled(given.OnBuild),
    stopSignal: given.StopSignal ? signalName.parse(given.StopSignal) : undefined,
    healthcheck: check?.Test?.length
      ? {
          command: check.Test,
          intervalSeconds: seconds(check.Interval),
          timeoutSeconds: seconds(check.Timeout),
          startPeriodSeconds: check.StartPeriod ? check.StartPeriod / 1e9 : undefined,
          retries: check.Retries || undefined,
        }
      : undefined,
  };
  return checked(
    imageConfigChange,
    Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)),
  );
}

const filled = (list: string[] | null | undefined): string[] | undefined => (list?.length ? list : undefined);

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('invalid', `${issue?.path.join('.') || 'body'}: ${issue?.message}`, { cause: parsed.error });
}
