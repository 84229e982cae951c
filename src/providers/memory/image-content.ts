/**
 * What pretended images are made of: real archives, if small ones, and configurations of which their ids are the digests, so that
 * one may leave for a registry or another provider and come back. https://github.com/opencontainers/image-spec/blob/main/config.md
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { ImageDetails } from '../../domain/image.ts';
import {
  historyStepJson,
  imageConfigJson,
  nanosecondsPerSecond,
  optionalText,
  toHistory,
  toImageConfig,
} from '../../domain/image-config-json.ts';
import { readTar, tarEnd, tarHeader, tarPadding } from '../../domain/tar.ts';
import { emptyRoot, type FileTree, type MemoryFile } from './file-tree.ts';

export interface ImageContent {
  readonly config: Uint8Array;
  /** Tars, base layer first. */
  readonly layers: readonly Uint8Array[];
}

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Gives an image its id and its layers' ids. */
export function describe(
  facts: Omit<ImageDetails, 'id' | 'layers'>,
  layers: readonly Uint8Array[],
): { details: ImageDetails; content: ImageContent } {
  const diffIds = layers.map(digestOf);
  const config = Buffer.from(JSON.stringify(toJson(facts, diffIds)));
  return { details: { ...facts, id: digestOf(config), layers: diffIds }, content: { config, layers } };
}

function toJson({ config, history, ...image }: Omit<ImageDetails, 'id' | 'layers'>, diffIds: string[]): object {
  const keys = (names: string[]) => Object.fromEntries(names.map((name) => [name, {}]));
  const check = config.healthcheck;
  return {
    ...{ architecture: image.architecture, os: image.os, created: image.createdAt },
    ...{ author: image.author, comment: image.comment },
    config: {
      ...{ Entrypoint: config.entrypoint, Cmd: config.command, Env: config.env, WorkingDir: config.workdir },
      ...{ User: config.user, Labels: config.labels, ExposedPorts: keys(config.exposedPorts) },
      ...{ Volumes: keys(config.volumes), StopSignal: config.stopSignal, Shell: config.shell, OnBuild: config.onBuild },
      Healthcheck: check && {
        Test: check.command,
        Interval: check.intervalSeconds * nanosecondsPerSecond,
        Timeout: check.timeoutSeconds * nanosecondsPerSecond,
        StartPeriod: check.startPeriodSeconds * nanosecondsPerSecond,
        Retries: check.retries,
      },
    },
    history: history.toReversed().map(({ createdAt, createdBy, comment, emptyLayer }) => {
      return { created: createdAt, created_by: createdBy, comment, empty_layer: emptyLayer };
    }),
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
}

const imageJson = z.object({
  architecture: z.string(),
  os: z.string(),
  created: optionalText,
  author: optionalText,
  comment: optionalText,
  config: imageConfigJson.prefault({}),
  history: z.array(historyStepJson).default([]),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

/** Throws invalid for a configuration that cannot be read. */
export function readContent({ config, layers }: ImageContent): ImageDetails {
  const parsed = imageJson.safeParse(JSON.parse(Buffer.from(config).toString()));
  if (!parsed.success) throw new AppError('invalid', 'The configuration of the image cannot be read');
  const { config: own, history, rootfs, created, ...image } = parsed.data;
  const sizes = layers.map(({ byteLength }) => byteLength);
  return {
    ...{ id: digestOf(config), digest: null, os: image.os, architecture: image.architecture, createdAt: created },
    ...{ author: image.author, comment: image.comment, layers: rootfs.diff_ids },
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    config: toImageConfig(own),
    history: toHistory(history, sizes),
  };
}

/** A layer that holds these files. */
export function toLayer(files: Iterable<readonly [path: string, MemoryFile]>): Uint8Array {
  const parts = [...files].flatMap(([path, file]) => {
    if (path === '/') return [];
    const sizeBytes = file.kind === 'file' ? file.data.byteLength : 0;
    const header = tarHeader({ ...file, path: path.slice(1), sizeBytes });
    return file.kind === 'file' ? [header, file.data, tarPadding(sizeBytes)] : [header];
  });
  return Buffer.concat([...parts, tarEnd()]);
}

/** What lies over one another. Links that share a file, and what a layer takes away, are beyond pretending. */
export async function toTree(layers: readonly Uint8Array[]): Promise<FileTree> {
  const tree = emptyRoot();
  for (const layer of layers) {
    for await (const { entry, content } of readTar(once(layer))) {
      const path = `/${entry.path}`.replace(/\/(\.\/)*/g, '/').replace(/(.)\/\.?$/, '$1');
      if (entry.kind !== 'file' && entry.kind !== 'directory' && entry.kind !== 'symlink') continue;
      const { kind, mode, uid, gid, modifiedAt, linkTarget } = entry;
      tree.set(path, { kind, mode, uid, gid, modifiedAt, linkTarget, data: await gathered(content) });
    }
  }
  return tree;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

export async function gathered(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
