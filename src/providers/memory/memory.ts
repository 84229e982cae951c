/**
 * A real provider in memory: it keeps every promise of the port, runs pretended processes (script.ts) and needs no kernel.
 * For `LONGSHORE_PROVIDER=memory`, fast tests, benchmarks and simulation.
 */
import type { Clock, Ids } from '../../domain/clock.ts';
import type { CallOptions, Features, LoadInput, Observation, Provider, PullInput, RunRef } from '../provider.ts';
import { attachToRun, resizeRun } from './attach.ts';
import { connectRun, disconnectRun } from './attachments.ts';
import { buildImage } from './build.ts';
import { commitRun, updateRun } from './commit.ts';
import { callsWith, type Faults } from './faults.ts';
import { changesOf, exportRun, getArchive, putArchive, sizesOf, statPath } from './files.ts';
import { loadImages, saveImages } from './image-archives.ts';
import { holdImage, inspectImage, pullImage, releaseImage } from './images.ts';
import { readLogs } from './logs.ts';
import { discard, listOwned } from './ownership.ts';
import { pushAccess } from './push-access.ts';
import { startRun } from './running.ts';
import { createRun, destroyRun, renameRun } from './runs.ts';
import { execInRun, statsOfRun, topOfRun, watchWorld } from './sessions.ts';
import { killRun, pauseRun, stopRun, unpauseRun } from './signals.ts';
import { ensureNetwork, ensureVolume, removeNetwork, removeVolume, volumeSizes } from './storage.ts';
import { createWorld, findRun, type MemoryWorld } from './world.ts';

export interface MemoryOptions {
  installId: string;
  clock: Clock;
  ids: Ids;
  /** Given when it has to outlive this provider; it decides about restartInPlace. */
  world?: MemoryWorld;
  faults?: Faults;
  /** `restartInPlace: false` makes it like ECS, see MemoryWorld. */
  features?: Partial<Features>;
}

const defaultFeatures: Features = {
  restartInPlace: true,
  absenceSeconds: 0,
  mountTypes: ['volume', 'tmpfs'],
  maxMemoryMiB: null,
  maxCpus: null,
};

export function createMemoryProvider(options: MemoryOptions): Provider {
  const { installId, clock, ids, faults = {} } = options;
  const wanted = { ...defaultFeatures, ...options.features };
  const world = options.world ?? createWorld(wanted);
  const features = { ...wanted, restartInPlace: world.restartInPlace };
  const context = { world, installId, clock, ids };
  const call = callsWith(faults);
  const pull = call('images.pull', (input: PullInput, _options: CallOptions) => pullImage(world, installId, input));
  const load = call('images.load', (input: LoadInput, _options: CallOptions) => loadImages(world, installId, input));
  const observe = (ref: RunRef): Observation => {
    const run = findRun(world, ref);
    return run ? (faults.answer?.(ref.key, run.history) ?? run.seen) : { kind: 'absent' };
  };

  return {
    name: 'memory',
    features,
    ping: call('ping', () => {}),
    create: call('create', (input) => createRun(context, input)),
    start: call('start', (ref) => startRun(context, ref)),
    observe: call('observe', observe),
    stop: call('stop', (ref, signalName) => stopRun(world, ref, signalName)),
    kill: call('kill', (ref, signalName) => killRun(world, ref, signalName)),
    destroy: call('destroy', (ref) => destroyRun(world, ref)),
    listOwned: call('listOwned', () => listOwned(context)),
    discard: call('discard', (object) => discard(context, object)),
    pause: call('pause', (ref) => pauseRun(world, ref)),
    unpause: call('unpause', (ref) => unpauseRun(world, ref)),
    rename: call('rename', (ref, name) => renameRun(world, ref, name)),
    logs: (ref, logOptions) => readLogs(world, ref, logOptions),
    attach: call('attach', (ref, input, { signal }) => attachToRun(world, ref, input, signal)),
    resize: call('resize', (ref) => resizeRun(world, ref)),
    exec: call('exec', (ref, spec, { signal }) => execInRun(world, clock, ref, spec, signal)),
    stats: (ref, { signal }) => statsOfRun(world, clock, ref, signal),
    top: call('top', (ref) => topOfRun(world, ref)),
    archive: {
      stat: call('archive.stat', (ref, path) => statPath(world, ref, path)),
      get: call('archive.get', (ref, path) => getArchive(world, ref, path)),
      put: (ref, path, tar, putOptions) => putArchive(world, ref, path, tar, putOptions),
    },
    changes: call('changes', (ref) => changesOf(world, ref)),
    export: call('export', (ref) => exportRun(world, ref)),
    commit: call('commit', (ref, input) => commitRun(context, ref, input)),
    update: call('update', (ref, resources) => updateRun(context, ref, resources)),
    sizes: call('sizes', (ref) => sizesOf(world, ref)),
    watch: ({ signal }) => watchWorld(world, signal),
    images: {
      pull: async function* (input, pullOptions) {
        return yield* await pull(input, pullOptions);
      },
      inspect: call('images.inspect', (reference) => inspectImage(world, reference)),
      hold: call('images.hold', (id, tenantId) => holdImage(world, installId, id, tenantId)),
      release: call('images.release', (id, tenantId) => releaseImage(world, installId, id, tenantId)),
      save: async function* (imageIds, { signal }) {
        for (const chunk of saveImages(world, imageIds)) {
          signal.throwIfAborted();
          yield chunk;
        }
      },
      load: async (input, loadOptions) => await load(input, loadOptions),
      pushAccess: call('images.pushAccess', (input) => pushAccess(context, input)),
      build: async function* (input, { signal }) {
        const steps = buildImage(context, input);
        for (let step = await steps.next(); ; step = await steps.next()) {
          signal.throwIfAborted();
          if (step.done) return step.value;
          yield step.value;
        }
      },
    },
    networks: {
      ensure: call('networks.ensure', (network) => ensureNetwork(world, installId, network)),
      remove: call('networks.remove', ({ key }) => removeNetwork(world, key)),
      connect: call('networks.connect', (ref, endpoint) => connectRun(world, ref, endpoint)),
      disconnect: call('networks.disconnect', (ref, { key }) => disconnectRun(world, ref, key)),
    },
    volumes: {
      ensure: call('volumes.ensure', (volume) => ensureVolume(world, installId, volume)),
      remove: call('volumes.remove', ({ key }) => removeVolume(world, key)),
      sizes: call('volumes.sizes', (volumes) => volumeSizes(world, volumes)),
    },
  };
}
