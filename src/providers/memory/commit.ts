/** Images made of runs, and new limits for them. */

import { sha256 } from '../../domain/clock.ts';
import { healthcheckOf } from '../../domain/container-command.ts';
import type { Resources } from '../../domain/container-spec.ts';
import type { ImageConfig, ImageDetails } from '../../domain/image.ts';
import type { ImageConfigChange } from '../../domain/image-config-change.ts';
import type { CommitInput, RunRef } from '../provider.ts';
import { changesOf, sizesOf } from './files.ts';
import { holdImage } from './images.ts';
import type { RunsContext } from './runs.ts';
import { change, getRun, type MemoryRun } from './world.ts';

export function commitRun(context: RunsContext, ref: RunRef, input: CommitInput): ImageDetails {
  const { world, installId, clock, ids } = context;
  const run = getRun(world, ref);
  const base = world.images.get(run.input.imageId)?.details;
  const createdAt = new Date(clock.now()).toISOString();
  const { writableBytes } = sizesOf(world, ref);
  const emptyLayer = changesOf(world, ref).length === 0;
  const details: ImageDetails = {
    id: `sha256:${sha256(ids.hex64())}`,
    digest: null,
    os: base?.os ?? 'linux',
    architecture: base?.architecture ?? 'amd64',
    sizeBytes: (base?.sizeBytes ?? 0) + writableBytes,
    createdAt,
    author: input.author,
    comment: input.comment,
    config: configOf(run, base?.config, input.config),
    layers: [...(base?.layers ?? []), ...(emptyLayer ? [] : [`sha256:${sha256(ids.hex64())}`])],
    history: [
      {
        createdAt,
        createdBy: (run.input.spec.command ?? []).join(' '),
        sizeBytes: writableBytes,
        comment: input.comment,
        emptyLayer,
      },
      ...(base?.history ?? []),
    ],
  };
  world.images.set(details.id, { details, references: new Set(), holds: new Map(), files: new Map(run.files) });
  holdImage(world, installId, details.id, input.tenantId);
  return details;
}

/** Docker's rules: what is asked for comes before the container's own, which comes before the image's. */
function configOf(
  { input: { spec } }: MemoryRun,
  image: ImageConfig | undefined,
  change: ImageConfigChange,
): ImageConfig {
  const env = { ...Object.fromEntries((image?.env ?? []).map(pair)), ...spec.env, ...change.env };
  const entrypoint = change.entrypoint ?? spec.entrypoint ?? image?.entrypoint ?? null;
  const ownCommand = spec.command ?? (spec.entrypoint ? null : (image?.command ?? null));
  const ports = spec.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  const union = (...lists: (readonly string[] | undefined)[]) => [...new Set(lists.flatMap((list) => list ?? []))];
  return {
    entrypoint: entrypoint?.length ? entrypoint : null,
    command: change.command ?? (change.entrypoint ? null : ownCommand),
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    workdir: change.workdir ?? spec.workdir ?? image?.workdir ?? '',
    user: change.user ?? spec.user ?? image?.user ?? '',
    labels: { ...image?.labels, ...spec.labels, ...change.labels },
    exposedPorts: union(image?.exposedPorts, ports, change.exposedPorts),
    volumes: union(image?.volumes, change.volumes),
    stopSignal: change.stopSignal ?? spec.stop.signal ?? image?.stopSignal ?? null,
    healthcheck: healthcheckOf(change.healthcheck ?? spec.healthcheck, image?.healthcheck ?? null),
    shell: image?.shell ?? null,
    onBuild: change.onBuild ?? [],
  };
}

const pair = (text: string): [string, string] => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];

export function updateRun({ world }: RunsContext, ref: RunRef, resources: Resources): void {
  change(world, getRun(world, ref), { resources });
}
