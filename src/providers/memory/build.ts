/**
 * Pretended builds: stages, files and configuration are as the Dockerfile says; a RUN says what its command would (script.ts), fails
 * with its exit code, and changes no files.
 */

import { healthcheckOf } from '../../domain/container-command.ts';
import { parseChanges } from '../../domain/dockerfile-changes.ts';
import { AppError } from '../../domain/errors.ts';
import type { ImageConfig, ImageDetails } from '../../domain/image.ts';
import type { ImageConfigChange } from '../../domain/image-config-change.ts';
import { readTar } from '../../domain/tar.ts';
import type { BuildInput } from '../provider.ts';
import type { FileTree, MemoryFile } from './file-tree.ts';
import { describe, gathered, toLayer, toTree } from './image-content.ts';
import { holdImage } from './images.ts';
import type { RunsContext } from './runs.ts';
import { parseCommand } from './script.ts';

interface Stage {
  name: string | null;
  config: ImageConfig;
  layers: Uint8Array[];
  history: ImageDetails['history'];
}

const emptyConfig: ImageConfig = {
  ...{ entrypoint: null, command: null, env: [], workdir: '', user: '', labels: {}, exposedPorts: [], volumes: [] },
  ...{ stopSignal: null, healthcheck: null, shell: null, onBuild: [] },
};
/** They change nothing that shows here. */
const silent = new Set(['ARG', 'MAINTAINER', 'SHELL', 'STOPSIGNAL']);

export async function* buildImage(context: RunsContext, input: BuildInput): AsyncGenerator<string, ImageDetails, void> {
  const files = await filesOf(input.context(input.dockerfile));
  const lines = upToTarget(
    input.dockerfile.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
    input.target,
  );
  const labels = Object.entries(input.labels).map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`);
  const all = [...lines, ...labels];
  const stages: Stage[] = [];
  for (const [position, line] of all.entries()) {
    yield `Step ${position + 1}/${all.length} : ${line}`;
    yield '\n';
    const [, keyword = '', rest = ''] = /^(\S+) (.*)$/s.exec(line) ?? [];
    const stage = stages.at(-1);
    if (keyword === 'FROM') stages.push(begin(context, rest, stages));
    else if (stage) for (const text of await step({ context, stages, stage, files }, keyword, rest, line)) yield text;
  }
  const last = stages.at(-1);
  if (!last) throw new AppError('invalid', 'No build stage in the Dockerfile');
  return keep(context, last, input.tenantId);
}

function upToTarget(lines: string[], target: string | null): string[] {
  if (target === null || target === '') return lines;
  const starts = lines.flatMap((line, at) => (line.startsWith('FROM ') ? [at] : []));
  const wanted = starts.findIndex(
    (at, number) => String(number) === target || / AS (\S+)$/.exec(lines[at] ?? '')?.[1] === target.toLowerCase(),
  );
  if (wanted === -1) throw new AppError('invalid', `failed to reach build target ${target} in Dockerfile`);
  return lines.slice(0, starts[wanted + 1]);
}

function begin({ world }: RunsContext, rest: string, stages: Stage[]): Stage {
  const [base = '', , name = null] = rest.split(' ');
  const earlier = stages.find((stage) => stage.name === base.toLowerCase());
  if (earlier) return { ...earlier, name, layers: [...earlier.layers], history: [...earlier.history] };
  if (base === 'scratch') return { name, config: emptyConfig, layers: [], history: [] };
  const image = world.images.get(base);
  if (!image) throw new AppError('not_found', `No such image: ${base}`);
  const { config, history } = image.details;
  return { name, config: { ...config, onBuild: [] }, layers: [...image.content.layers], history: [...history] };
}

interface Work {
  context: RunsContext;
  stages: Stage[];
  stage: Stage;
  files: FileTree;
}

/** Answers what the step says. */
async function step(work: Work, keyword: string, rest: string, line: string): Promise<string[]> {
  const { stage } = work;
  const env = Object.fromEntries(stage.config.env.map((each) => each.split(/=(.*)/s, 2) as [string, string]));
  let layer: Uint8Array | null = null;
  let said: string[] = [];
  if (keyword === 'RUN') said = run(rest, env);
  else if (keyword === 'COPY' || keyword === 'ADD') layer = await copied(work, keyword, rest);
  else if (!silent.has(keyword)) {
    stage.config = changedConfig(stage.config, parseChanges([line], { env, workdir: stage.config.workdir || '/' }));
  }
  const createdAt = new Date(work.context.clock.now()).toISOString();
  const sizeBytes = layer?.byteLength ?? 0;
  stage.history.unshift({ createdAt, createdBy: line, sizeBytes, comment: '', emptyLayer: layer === null });
  if (layer) stage.layers.push(layer);
  return said;
}

/** Throws invalid with the code of a command that fails. */
function run(rest: string, env: Record<string, string>): string[] {
  const said: string[] = [];
  for (const statement of parseCommand(['sh', '-c', rest], env)) {
    if (statement.kind === 'echo') said.push(`${statement.text}\n`);
    if (statement.kind !== 'exit') continue;
    if (statement.code === 0) break;
    throw new AppError('invalid', `The command '/bin/sh -c ${rest}' returned a non-zero code: ${statement.code}`, {
      details: { exitCode: statement.code },
    });
  }
  return said;
}

/** A layer of what is copied. */
async function copied({ stages, stage, files }: Work, keyword: string, rest: string): Promise<Uint8Array> {
  const flags = rest.match(/^(--\S+ )*/)?.[0] ?? '';
  const from = /--from=(\S+)/.exec(flags)?.[1];
  const words = (
    rest.slice(flags.length).startsWith('[')
      ? JSON.parse(rest.slice(flags.length))
      : rest.slice(flags.length).split(' ')
  ) as string[];
  const target = words.at(-1) ?? '/';
  const other = from === undefined ? null : stages.find(({ name }, at) => name === from || String(at) === from);
  const tree = from === undefined ? files : await toTree(other?.layers ?? []);
  const place = (target.startsWith('/') ? target : `${stage.config.workdir || ''}/${target}`).replace(/\/+$/, '');
  const entries = words.slice(0, -1).flatMap((source) => {
    const root = `/${source
      .replace(/^(\.?\/)+/, '')
      .replace(/^\.$/, '')
      .replace(/\/+$/, '')}`;
    const found = [...tree].filter(([path]) => path === root || path.startsWith(root === '/' ? '/' : `${root}/`));
    if (found.length === 0) {
      throw new AppError(
        'invalid',
        `${keyword} failed: file not found in build context or excluded by .dockerignore: stat ${source}: file does not exist`,
      );
    }
    return found.map(([path, file]): [string, MemoryFile] => {
      const below = path.slice(root === '/' ? 0 : root.length);
      const isFile = path === root && file.kind === 'file';
      const name = isFile && (target.endsWith('/') || target === '.') ? root.slice(root.lastIndexOf('/')) : below;
      return [`${place}${name}` || '/', file];
    });
  });
  return toLayer(new Map(entries));
}

async function filesOf(tar: AsyncIterable<Uint8Array>): Promise<FileTree> {
  const tree: FileTree = new Map();
  for await (const { entry, content } of readTar(tar)) {
    const { kind, mode, uid, gid, modifiedAt, linkTarget, path } = entry;
    if (kind !== 'file' && kind !== 'directory' && kind !== 'symlink') continue;
    tree.set(`/${path.replace(/^(\.\/)+/, '')}`, {
      kind,
      mode,
      uid,
      gid,
      modifiedAt,
      linkTarget,
      data: await gathered(content),
    });
  }
  return tree;
}

async function keep({ world, installId, clock }: RunsContext, stage: Stage, tenantId: string): Promise<ImageDetails> {
  const { config, layers, history } = stage;
  const createdAt = new Date(clock.now()).toISOString();
  const sizeBytes = layers.reduce((sum, layer) => sum + layer.byteLength, 0);
  const facts = {
    digest: null,
    os: 'linux',
    architecture: 'amd64',
    author: '',
    comment: '',
    createdAt,
    sizeBytes,
    config,
    history,
  };
  const { details, content } = describe(facts, layers);
  world.images.set(details.id, {
    details,
    content,
    files: await toTree(layers),
    references: new Set(),
    holds: new Map(),
  });
  holdImage(world, installId, details.id, tenantId);
  return details;
}

function changedConfig(config: ImageConfig, change: ImageConfigChange): ImageConfig {
  const env = { ...Object.fromEntries(config.env.map((each) => each.split(/=(.*)/s, 2))), ...change.env };
  return {
    ...config,
    entrypoint: change.entrypoint ?? config.entrypoint,
    command: change.command ?? (change.entrypoint ? null : config.command),
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    workdir: change.workdir ?? config.workdir,
    user: change.user ?? config.user,
    labels: { ...config.labels, ...change.labels },
    exposedPorts: [...new Set([...config.exposedPorts, ...(change.exposedPorts ?? [])])],
    volumes: [...new Set([...config.volumes, ...(change.volumes ?? [])])],
    healthcheck: healthcheckOf(change.healthcheck, config.healthcheck),
    onBuild: [...config.onBuild, ...(change.onBuild ?? [])],
  };
}
