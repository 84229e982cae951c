/** ECS on Fargate and the services around it as a provider: puts the parts of this folder together. */
import { ListClustersCommand } from '@aws-sdk/client-ecs';
import type { Clock, Ids } from '../../domain/clock.ts';
import type { RegistryPolicy } from '../../domain/registry-policy.ts';
import type { RequestBuckets } from '../../domain/request-buckets.ts';
import type { Provider } from '../provider.ts';
import { type Clients, createClients } from './clients.ts';
import { eventsOf } from './events.ts';
import { resume } from './exec/exec.ts';
import { accessRun, archiveOf, execRun, exportRun, pauseRun, statsOf, topOf, unpauseRun } from './exec/live.ts';
import { imagesOf } from './images/images.ts';
import { attachRun } from './logs/attach.ts';
import { followMs, logsOf } from './logs/logs.ts';
import { createLogReader } from './logs/pages.ts';
import { networksOf } from './networks.ts';
import { discard, listOwned } from './owned.ts';
import { createRun } from './runs/create.ts';
import { destroyRun, killRun, stopRun } from './runs/ending.ts';
import { observeRun } from './runs/observe.ts';
import { refusalOf, warningsOf } from './runs/refusals.ts';
import { largestSize } from './runs/sizes.ts';
import { startRun } from './runs/start.ts';
import { createTaskReader } from './runs/tasks.ts';
import type { AwsSettings } from './settings.ts';
import { ask, type Site } from './site.ts';
import { createThrottle, ownBuckets } from './throttle.ts';
import { volumesOf } from './volumes.ts';
import { watchTasks } from './watch.ts';

export interface AwsOptions {
  settings: AwsSettings;
  /** Marks what is ours in an account that others use too. */
  installId: string;
  /** Where images may be pulled from. */
  registries: RegistryPolicy;
  clock: Clock;
  ids: Ids;
  /** Of the published limits, shared by all processes; when absent this one takes itself for the only one. */
  buckets?: RequestBuckets;
  /** Those that the environment of this process describes, when absent. */
  clients?: Clients;
  log?: Site['log'];
}

export function createAwsProvider(options: AwsOptions): Provider {
  const { settings, installId, clock, ids, clients = createClients(), log = () => {} } = options;
  const throttle = createThrottle(clock, options.buckets ?? ownBuckets(clock));
  const base = { settings, prefix: settings.prefix, installId, clients, clock, ids, throttle, log };
  const site: Site = { ...base, tasks: createTaskReader(base) };
  const logs = createLogReader(site, followMs);
  const parts = {
    images: imagesOf(site, options.registries, logs),
    networks: networksOf(site),
    volumes: volumesOf(site),
  };
  return {
    name: 'aws',
    features: {
      restartInPlace: false,
      logsGoOn: true,
      roundsLimits: true,
      absenceSeconds: 300,
      mountTypes: settings.fileSystemId === null ? [] : ['volume'],
      maxMemoryMiB: largestSize.memoryMiB,
      maxCpus: largestSize.cpus,
      secrets: settings.secretPrefix !== null,
      refusalOf: (spec) => refusalOf(spec, settings),
      warningsOf: (spec) => warningsOf(spec, settings),
      lacks: [
        'separate log streams',
        'addresses per network',
        'sizes of volumes',
        'chosen ports',
        'input',
        'files at rest',
        // The init that exec needs runs before the command, and does not fail with it.
        settings.taskRole === null ? 'prompt kills' : 'refused commands',
      ],
    },
    ping: async (call) => {
      const command = new ListClustersCommand({ maxResults: 1 });
      const send = (http: { abortSignal: AbortSignal }) => clients.ecs.send(command, http);
      await ask(site, { action: 'ecs:ListClusters', subject: { noun: 'account' }, send }, call);
    },
    settings: async () => ({
      region: await clients.ecs.config.region(),
      architecture: settings.architecture,
      spot: settings.spot,
      publicAddresses: settings.publicAddresses,
      logRetentionDays: settings.logRetentionDays,
      maxCpus: largestSize.cpus,
      maxMemoryMiB: largestSize.memoryMiB,
    }),
    create: (input, call) => createRun(site, input, call),
    start: (run, call) => startRun(site, run, call),
    observe: (run, call) => observeRun(site, run, call),
    stop: (run, signalName, _graceSeconds, call) => stopRun(site, run, signalName, call),
    kill: (run, signalName, call) => killRun(site, run, signalName, call),
    destroy: (run, call) => destroyRun(site, run.key, call),
    listOwned: (call) => listOwned(site, call),
    discard: (object, call) => discard(site, object, parts, call),
    logs: (run, call) => logsOf(site, logs, run, call),
    attach: (run, input, call) => attachRun(site, logs, run, input, call),
    watch: (call) => watchTasks(site, call),
    events: eventsOf(site),
    ...(settings.taskRole !== null && insideOf(site)),
    ...parts,
  };
}

/** What needs the agent of exec, which acts with the task's role. */
function insideOf(site: Site): Partial<Provider> {
  return {
    exec: (run, spec, call) => execRun(site, run, spec, call),
    execAccess: (run, spec, call) => accessRun(site, run, spec, call),
    resumeExec: ({ id, tenantId }) => resume(site, id, tenantId),
    pause: (run, call) => pauseRun(site, run, call),
    unpause: (run, call) => unpauseRun(site, run, call),
    top: (run, psArguments, call) => topOf(site, run, psArguments, call),
    stats: (run, call) => statsOf(site, run, call),
    archive: archiveOf(site),
    export: (run, call) => exportRun(site, run, call),
  };
}
