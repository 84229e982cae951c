/**
 * How an image runs, in the words that Docker and OCI share: the `config` of an image's configuration, which an Engine's inspect
 * shows as `Config`, and its history. https://github.com/opencontainers/image-spec/blob/main/config.md. Pure.
 */
import { z } from 'zod';
import type { ImageConfig, ImageDetails } from './image.ts';

export const nanosecondsPerSecond = 1_000_000_000;

export const optionalTexts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const keys = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((record) => Object.keys(record ?? {}));
export const optionalText = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const count = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);

export const imageConfigJson = z.object({
  Entrypoint: z.array(z.string()).nullish(),
  Cmd: z.array(z.string()).nullish(),
  Env: optionalTexts,
  WorkingDir: optionalText,
  User: optionalText,
  Labels: z.record(z.string(), z.string()).nullish(),
  ExposedPorts: keys,
  Volumes: keys,
  StopSignal: optionalText,
  Healthcheck: z
    .object({ Test: optionalTexts, Interval: count, Timeout: count, StartPeriod: count, Retries: count })
    .nullish(),
  Shell: z.array(z.string()).nullish(),
  OnBuild: optionalTexts,
});

type Read = z.infer<typeof imageConfigJson> | null | undefined;

export function toImageConfig(read: Read): ImageConfig {
  return {
    entrypoint: read?.Entrypoint ?? null,
    command: read?.Cmd ?? null,
    env: read?.Env ?? [],
    workdir: read?.WorkingDir ?? '',
    user: read?.User ?? '',
    labels: read?.Labels ?? {},
    exposedPorts: read?.ExposedPorts ?? [],
    volumes: read?.Volumes ?? [],
    stopSignal: read?.StopSignal || null,
    healthcheck: toHealthcheck(read?.Healthcheck),
    shell: read?.Shell ?? null,
    onBuild: read?.OnBuild ?? [],
  };
}

function toHealthcheck(check: NonNullable<Read>['Healthcheck']): ImageConfig['healthcheck'] {
  if (!check || check.Test.length === 0 || check.Test[0] === 'NONE') return null;
  return {
    command: check.Test,
    intervalSeconds: check.Interval / nanosecondsPerSecond,
    timeoutSeconds: check.Timeout / nanosecondsPerSecond,
    startPeriodSeconds: check.StartPeriod / nanosecondsPerSecond,
    retries: check.Retries,
  };
}

export const historyStepJson = z.object({
  created: optionalText,
  created_by: optionalText,
  comment: optionalText,
  empty_layer: z.boolean().default(false),
});

/** Newest first, as Docker shows it. @param layerSizes in bytes, base layer first */
export function toHistory(
  steps: z.infer<typeof historyStepJson>[],
  layerSizes: readonly number[],
): ImageDetails['history'] {
  let layer = 0;
  return steps
    .map((step) => ({
      createdAt: step.created,
      createdBy: step.created_by,
      sizeBytes: step.empty_layer ? 0 : (layerSizes[layer++] ?? 0),
      comment: step.comment,
      emptyLayer: step.empty_layer,
    }))
    .toReversed();
}
