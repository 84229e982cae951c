/** A Docker Engine as a provider: puts the parts of this folder together. */
import type { Clock } from '../../domain/clock.ts';
import type { Provider } from '../provider.ts';
import { archiveOf, changesOf, exportRun, sizesOf } from './archive.ts';
import { attachTo, resizeTerminal } from './attach.ts';
import { connectEngine, type Site } from './client.ts';
import { commitRun } from './commit.ts';
import { engineStartedAt } from './engine-start.ts';
import { execIn } from './exec.ts';
import { hostPath, sharesFiles } from './host-paths.ts';
import { imagesOf } from './images.ts';
import { logsOf } from './logs.ts';
import { networksOf } from './networks.ts';
import { inspectRun, toObservation } from './observe.ts';
import { discard, listOwned } from './owned.ts';
import { renameRun } from './rename.ts';
import { createRun, destroyRun, killRun, pauseRun, startRun, stopRun, unpauseRun } from './runs.ts';
import { statsOf, topOf } from './stats.ts';
import { createTurns } from './turns.ts';
import { updateRun } from './update.ts';
import { volumesOf } from './volumes.ts';
import { warningsAbout } from './warnings.ts';
import { watchOwned } from './watch.ts';

export interface DockerOptions {
  /** `unix:///path` or `tcp://host:port`. */
  dockerHost: string;
  /** Marks what is ours on an Engine that others use too. */
  installId: string;
  /** The address that published ports are bound to. */
  publishAddress: string;
  clock: Clock;
  /** Told about what nobody waits for. */
  log?: Site['log'];
}

export function createDockerProvider(options: DockerOptions): Provider {
  const { installId, publishAddress, clock, log = () => {} } = options;
  const engine = connectEngine(options.dockerHost);
  const local = sharesFiles(options.dockerHost);
  const site: Site = { engine, installId, publishAddress, clock, log, inTurn: createTurns(), knownNetworks: new Map() };
  return {
    name: 'docker',
    features: {
      restartInPlace: true,
      // Two looks that far apart that both find nothing: the Engine always answers the latest.
      absenceSeconds: 2,
      mountTypes: local ? ['volume', 'tmpfs', 'bind'] : ['volume', 'tmpfs'],
      maxMemoryMiB: null,
      maxCpus: null,
    },
    ...(local && { hostPath }),
    warnings: (call) => warningsAbout(site, call),
    ping: (call) => engine.call({ method: 'GET', path: '/_ping', subject: { noun: 'engine' } }, call),
    create: (input, call) => createRun(site, input, call),
    start: (run, call) => startRun(site, run, call),
    observe: async (run, call) =>
      toObservation(await inspectRun(site, run.key, call), await engineStartedAt(options.dockerHost)),
    stop: (run, signalName, _graceSeconds, call) => stopRun(site, run, signalName, call),
    kill: (run, signalName, call) => killRun(site, run, signalName, call),
    destroy: (run, call) => destroyRun(site, run.key, call),
    listOwned: (call) => listOwned(site, call),
    discard: (object, call) => discard(site, object, call),
    pause: (run, call) => pauseRun(site, run, call),
    unpause: (run, call) => unpauseRun(site, run, call),
    rename: (run, _name, endpoints, call) => renameRun(site, run, endpoints, call),
    logs: (run, call) => logsOf(site, run, call),
    attach: (run, input, call) => attachTo(site, run, input, call),
    resize: (run, columns, rows, call) => resizeTerminal(site, run, columns, rows, call),
    exec: (run, spec, call) => execIn(site, run, spec, call),
    stats: (run, call) => statsOf(site, run, call),
    top: (run, psArguments, call) => topOf(site, run, psArguments, call),
    archive: archiveOf(site),
    changes: (run, call) => changesOf(site, run, call),
    export: (run, call) => exportRun(site, run, call),
    commit: (run, input, call) => commitRun(site, run, input, call),
    update: (run, resources, call) => updateRun(site, run, resources, call),
    sizes: (run, call) => sizesOf(site, run, call),
    watch: (call) => watchOwned(site, call),
    images: imagesOf(site),
    networks: networksOf(site),
    volumes: volumesOf(site),
  };
}
