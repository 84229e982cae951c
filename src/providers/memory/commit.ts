/** Images made of runs, and new limits for them. */

import { healthcheckOf } from '../../domain/container-command.ts';
import type { Resources } from '../../domain/container-spec.ts';
import type { ImageConfig, ImageDetails } from '../../domain/image.ts';
import type { ImageConfigChange } from '../../domain/image-config-change.ts';
import type { CommitInput, RunRef } from '../provider.ts';
import { changesOf, sizesOf } from './files.ts';
import { describe, toLayer } from './image-content.ts';
import { holdImage } from './images.ts';
import type { RunsContext } from './runs.ts';
import { change, getRun, type MemoryRun } from './world.ts';

export function commitRun(context: RunsContext, ref: RunRef, input: CommitInput): ImageDetails {
  const { world, installId, clock } = context;
  const run = getRun(world, ref);
  const base = world.images.get(run.input.imageId);
  const createdAt = new Date(clock.now()).toISOString();
  const { writableBytes } = sizesOf(world, ref);
  const emptyLayer = changesOf(world, ref).length === 0;
  const facts = {
    ...{ digest: null, os: base?.details.os ?? 'linux', architecture: base?.details.architecture ?? 'amd64' },
    ...{ sizeBytes: (base?.details.sizeBytes ?? 0) + writableBytes, createdAt },
    ...{ author: input.author, comment: input.comment, config: configOf(run, base?.details.config, input.config) },
    history: [
      {
        createdAt,
        createdBy: (run.input.spec.command ?? []).join(' '),
        sizeBytes: writableBytes,
        comment: input.comment,
        emptyLayer,
      },
      ...(base?.details.history ?? []),
    ],
  };
  const layers = [...(base?.content.layers ?? []), ...(emptyLayer ? [] : [toLayer(run.files)])];
  const { details, content } = describe(facts, layers);
  const image = { details, content, files: new Map(run.files) };
  world.images.set(details.id, { ...image, references: new Set(), holds: new Map() });
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
