/**
 * Copies of images that the Engine has: the same layers under another configuration, and therefore another id. What the Engine's
 * builder and its commit make says who made it; the copy that a tenant gets says nothing of that. The same image always gives the
 * same copy.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { tarEnd, tarHeader, tarPadding } from '../../domain/tar.ts';
import type { CallOptions } from '../provider.ts';
import { isBuildMark } from './build-mark.ts';
import type { Site } from './client.ts';
import { sendArchive } from './image-archives.ts';
import { imagePath, inspectImage } from './image-details.ts';
import { holdNames, isMarked } from './image-holds.ts';
import { type ImageStep, imageSteps } from './image-steps.ts';
import { isOwnLabel } from './labels.ts';

const subject = { noun: 'image' } as const;

const described = z.object({
  Id: z.string(),
  Created: z.string(),
  Os: z.string(),
  Architecture: z.string(),
  Variant: z.string().nullish(),
  Author: z.string().nullish(),
  Comment: z.string().nullish(),
  RootFS: z.object({
    Layers: z
      .array(z.string())
      .nullish()
      .transform((layers) => layers ?? []),
  }),
  Config: z
    .looseObject({ Labels: z.record(z.string(), z.string()).nullish() })
    .nullish()
    .transform((config) => config ?? {}),
});
type Described = z.infer<typeof described>;

/** Those that say how the image runs; the others say how, and where, it was made. */
const configFields = [
  ...['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir', 'Labels', 'StopSignal'],
  ...['ArgsEscaped', 'Healthcheck', 'OnBuild', 'Shell'],
];

/** One without our labels and the steps that set them, held for the tenant. Answers its id. Throws not_found. */
export async function cleanCopy(site: Site, id: string, tenantId: string, options: CallOptions): Promise<string> {
  const image = await describe(site, id, options);
  const labels = Object.entries(image.Config.Labels ?? {}).filter(([name]) => !isOwnLabel(name));
  const steps = (await stepsOf(site, image, options)).filter(
    ({ created_by, empty_layer }) => !(empty_layer && isBuildMark(created_by)),
  );
  const config = { ...image.Config, Labels: labels.length > 0 ? Object.fromEntries(labels) : null };
  const copy = written({ ...image, Config: config }, steps);
  return site.inTurn(copy.id, options, async () => {
    const there = await inspectImage(site, copy.id, options);
    const isOurs = there === null || isMarked(there);
    await load(site, copy, image.RootFS.Layers.length, holdNames(site, copy.id, tenantId, isOurs), options);
    return copy.id;
  });
}

/**
 * One without triggers, under a name that whoever asks for it takes away. Answers its id; that of the image itself, without a name,
 * where it has no triggers. Throws not_found.
 */
export async function withoutTriggers(
  site: Site,
  id: string,
  name: string,
  options: CallOptions,
): Promise<{ id: string; isCopy: boolean }> {
  const image = await describe(site, id, options);
  const { OnBuild } = image.Config;
  if (!Array.isArray(OnBuild) || OnBuild.length === 0) return { id, isCopy: false };
  const copy = written({ ...image, Config: { ...image.Config, OnBuild: null } }, await stepsOf(site, image, options));
  await load(site, copy, image.RootFS.Layers.length, [name], options);
  return { id: copy.id, isCopy: true };
}

function describe(site: Site, id: string, options: CallOptions): Promise<Described> {
  return site.engine.ask({ method: 'GET', path: `${imagePath(id)}/json`, subject }, described, options);
}

const stepsOf = (site: Site, { Id, RootFS }: Described, options: CallOptions) =>
  imageSteps(site, { id: Id, layers: RootFS.Layers.length }, options);

interface Copy {
  id: string;
  json: Buffer;
}

function written({ Config, ...image }: Described, history: ImageStep[]): Copy {
  const config = Object.fromEntries(
    configFields.flatMap((name) => (Config[name] == null || Config[name] === '' ? [] : [[name, Config[name]]])),
  );
  const json = Buffer.from(
    JSON.stringify({
      architecture: image.Architecture,
      ...(image.Variant && { variant: image.Variant }),
      ...(image.Author && { author: image.Author }),
      ...(image.Comment && { comment: image.Comment }),
      ...{ config, created: image.Created, history, os: image.Os },
      rootfs: { type: 'layers', diff_ids: image.RootFS.Layers },
    }),
  );
  return { id: `sha256:${createHash('sha256').update(json).digest('hex')}`, json };
}

/** The layers are on the Engine, which asks for none that it has. */
async function load(
  site: Site,
  { id, json }: Copy,
  layers: number,
  names: string[],
  options: CallOptions,
): Promise<void> {
  const config = `${id.replace('sha256:', '')}.json`;
  const Layers = Array.from({ length: layers }, (_, position) => `${position}/layer.tar`);
  const manifest = Buffer.from(JSON.stringify([{ Config: config, RepoTags: names, Layers }]));
  await sendArchive(site, pack({ [config]: json, 'manifest.json': manifest }), options);
}

async function* pack(files: Record<string, Buffer>): AsyncGenerator<Uint8Array, void, void> {
  for (const [path, content] of Object.entries(files)) {
    const plain = { mode: 0o644, uid: 0, gid: 0, modifiedAt: new Date(0), linkTarget: '' };
    yield tarHeader({ path, kind: 'file', sizeBytes: content.length, ...plain });
    yield content;
    yield tarPadding(content.length);
  }
  yield tarEnd();
}
