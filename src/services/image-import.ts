/** An image of one layer, made of the root file system that a tenant sends. */
import { createHash } from 'node:crypto';
import type { Ctx, Deps } from '../context.ts';
import { parseChanges } from '../domain/dockerfile-changes.ts';
import type { Image, ImageTag } from '../domain/image.ts';
import type { ImageConfigChange } from '../domain/image-config-change.ts';
import { tarEntries, uncompressed } from './archive-stream.ts';
import { authorize } from './authorize.ts';
import { takeIn } from './image-load.ts';
import { asTag } from './image-references.ts';
import { openSpool, readSpooled, type SpooledFile } from './spool.ts';

export interface ImportImageInput {
  /** Null: an image without a name. */
  tag: ImageTag | null;
  comment: string;
  /** Instructions of a Dockerfile, one or more a text. */
  changes: string[];
  /** Of the processor; null = amd64. */
  architecture: string | null;
}

const nanoseconds = 1_000_000_000;

/** Throws invalid (no tar, changes, name), too_large, limit. */
export async function importImage(
  deps: Deps,
  ctx: Ctx,
  input: ImportImageInput,
  archive: AsyncIterable<Uint8Array>,
): Promise<Image> {
  authorize(ctx.principal, 'write');
  const tag = input.tag && asTag(input.tag);
  const change = parseChanges(input.changes, { env: {}, workdir: '/' });
  using _place = deps.places.pulls.take(ctx.principal.tenantId);
  await using spool = await openSpool(deps.limits.maxUploadBytes);
  const file = await spool.keep(uncompressed(archive));
  await checkTar(file);
  const diffId = `sha256:${file.sha256}`;
  const createdAt = new Date(deps.clock.now()).toISOString();
  const config = Buffer.from(JSON.stringify(imageJson(input, change, diffId, createdAt)));
  const id = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  const image = { id, config, layers: [{ diffId, file }] };
  const [made] = await takeIn(deps, ctx, [image], () => ({ tags: tag ? [tag] : [], event: 'imported' }));
  return made as Image;
}

/** Throws invalid. */
async function checkTar(file: SpooledFile): Promise<void> {
  for await (const _ of tarEntries(readSpooled(file))) {
    // Reading on is the check.
  }
}

function imageJson(
  { comment, architecture }: ImportImageInput,
  change: ImageConfigChange,
  diffId: string,
  created: string,
): object {
  const keys = (names: string[] = []) => Object.fromEntries(names.map((name) => [name, {}]));
  const check = change.healthcheck;
  return {
    architecture: architecture ?? 'amd64',
    comment,
    config: {
      Env: Object.entries(change.env ?? {}).map(([name, value]) => `${name}=${value}`),
      Cmd: change.command ?? null,
      Entrypoint: change.entrypoint ?? null,
      User: change.user ?? '',
      WorkingDir: change.workdir ?? '',
      Labels: change.labels ?? null,
      ExposedPorts: keys(change.exposedPorts),
      Volumes: keys(change.volumes),
      OnBuild: change.onBuild ?? null,
      ...(check && { Healthcheck: healthcheckOf(check) }),
    },
    created,
    history: [{ created, comment }],
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [diffId] },
  };
}

function healthcheckOf(check: NonNullable<ImageConfigChange['healthcheck']>): object {
  const { command, intervalSeconds = 0, timeoutSeconds = 0, startPeriodSeconds = 0, retries = 0 } = check;
  return {
    Test: command,
    Interval: Math.round(intervalSeconds * nanoseconds),
    Timeout: Math.round(timeoutSeconds * nanoseconds),
    StartPeriod: Math.round(startPeriodSeconds * nanoseconds),
    Retries: retries,
  };
}
