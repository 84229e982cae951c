/** The Engine's description of an image, and what the domain keeps of it. */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { asImageId, type ImageDetails, parseImageReference } from '../../domain/image.ts';
import type { CallOptions } from '../provider.ts';
import type { Site } from './client.ts';
import { unless } from './errors.ts';

const nanoseconds = 1_000_000_000;

const strings = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const keys = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((record) => Object.keys(record ?? {}));

const count = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);

const inspected = z.object({
  Id: z.string(),
  RepoTags: strings,
  RepoDigests: strings,
  Created: z.string().nullish(),
  Os: z.string(),
  Architecture: z.string(),
  Author: z.string().nullish(),
  Comment: z.string().nullish(),
  Size: z.number(),
  RootFS: z.object({ Layers: strings }),
  Config: z
    .object({
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      Env: strings,
      WorkingDir: z.string().nullish(),
      User: z.string().nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
      ExposedPorts: keys,
      Volumes: keys,
      StopSignal: z.string().nullish(),
      Healthcheck: z
        .object({ Test: strings, Interval: count, Timeout: count, StartPeriod: count, Retries: count })
        .nullish(),
      Shell: z.array(z.string()).nullish(),
      OnBuild: strings,
    })
    .nullish(),
});
export type InspectedImage = z.infer<typeof inspected>;

const history = z.array(
  z.object({ Created: z.number(), CreatedBy: z.string(), Size: z.number(), Comment: z.string().nullish() }),
);

/** A reference as part of a path. Throws `invalid` for anything that is neither a full id nor a reference. */
export function imagePath(reference: string): string {
  const id = asImageId(reference);
  if (id !== null) return `/images/${id}`;
  const { domain, path, tag, digest } = parseImageReference(reference);
  return `/images/${domain}/${path}${digest === null ? `:${tag}` : `@${digest}`}`;
}

/** Null when the Engine has no such image. */
export async function inspectImage(
  site: Site,
  reference: string,
  options: CallOptions,
): Promise<InspectedImage | null> {
  const request = {
    method: 'GET',
    path: `${imagePath(reference)}/json`,
    subject: { noun: 'image', reference },
  } as const;
  return unless(site.engine.ask(request, inspected, options), ['not_found'], null);
}

/** Throws not_found naming the reference. `digest`: the one it was pulled by; else the first that the Engine remembers. */
export async function imageDetails(
  site: Site,
  reference: string,
  options: CallOptions,
  digest: string | null = null,
): Promise<ImageDetails> {
  const image = await inspectImage(site, reference, options);
  if (!image) throw new AppError('not_found', `No such image: ${reference}`);
  const path = `${imagePath(image.Id)}/history`;
  const request = { method: 'GET', path, subject: { noun: 'image', reference } } as const;
  const steps = await site.engine.ask(request, history, options);
  return {
    id: image.Id,
    digest: digest ?? image.RepoDigests[0]?.split('@')[1] ?? null,
    os: image.Os,
    architecture: image.Architecture,
    sizeBytes: image.Size,
    createdAt: image.Created ?? '',
    author: image.Author ?? '',
    comment: image.Comment ?? '',
    config: toConfig(image.Config),
    layers: image.RootFS.Layers,
    history: steps.map((step) => ({
      createdAt: new Date(step.Created * 1000).toISOString(),
      createdBy: step.CreatedBy,
      sizeBytes: step.Size,
      comment: step.Comment ?? '',
      // The Engine does not say which steps made no layer; a layer of no bytes is indistinguishable.
      emptyLayer: step.Size === 0,
    })),
  };
}

function toConfig(config: InspectedImage['Config']): ImageDetails['config'] {
  const check = config?.Healthcheck;
  return {
    entrypoint: config?.Entrypoint ?? null,
    command: config?.Cmd ?? null,
    env: config?.Env ?? [],
    workdir: config?.WorkingDir ?? '',
    user: config?.User ?? '',
    labels: config?.Labels ?? {},
    exposedPorts: config?.ExposedPorts ?? [],
    volumes: config?.Volumes ?? [],
    stopSignal: config?.StopSignal || null,
    healthcheck: check && check.Test.length > 0 && check.Test[0] !== 'NONE' ? toHealthcheck(check) : null,
    shell: config?.Shell ?? null,
    onBuild: config?.OnBuild ?? [],
  };
}

function toHealthcheck(check: NonNullable<NonNullable<InspectedImage['Config']>['Healthcheck']>) {
  return {
    command: check.Test,
    intervalSeconds: check.Interval / nanoseconds,
    timeoutSeconds: check.Timeout / nanoseconds,
    startPeriodSeconds: check.StartPeriod / nanoseconds,
    retries: check.Retries,
  };
}
