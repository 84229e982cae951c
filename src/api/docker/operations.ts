/**
 * The allow-list: every operation of the Engine API, and what becomes of it. What is not here does not exist. Images, and
 * whatever else may contain a slash, are taken as far as the rest of the path allows.
 */
import { AppError, type ErrorCode } from '../../domain/errors.ts';
import { containerChanges, exportArchive, getArchive, putArchive, statArchive } from './archive.ts';
import { attach } from './attach.ts';
import { buildImage, pruneBuildCache } from './build.ts';
import { commit } from './commit.ts';
import { killContainer, pause, rename, restart, start, stop, unpause } from './container-verbs.ts';
import { createContainer, inspectContainer, listContainers, pruneContainers, removeContainer } from './containers.ts';
import { diskUsage } from './disk-usage.ts';
import { events } from './events.ts';
import { createExec, inspectExec, resizeExec, startExec } from './exec.ts';
import type { Opener } from './hijack.ts';
import { createImage } from './image-create.ts';
import { getImage, getImages, loadArchive, pushToRegistry } from './image-transfer.ts';
import { imageHistory, inspectImage, listImages, pruneImages, removeImage, tagImage } from './images.ts';
import { containerLogs } from './logs.ts';
import * as networks from './networks.ts';
import { checkAuth, inspectDistribution, searchImages } from './registry.ts';
import type { DockerAnswer, Handler } from './request.ts';
import { containerStats, containerTop } from './stats.ts';
import { info, inspectPlugin, listPlugins, version } from './system.ts';
import { resizeContainer } from './terminal.ts';
import { update } from './update.ts';
import * as volumes from './volumes.ts';
import { waitContainer } from './wait.ts';

export type Verdict =
  | { kind: 'serve'; handler: Handler }
  /** Answers with a connection in both directions. */
  | { kind: 'hijack'; opener: Opener }
  /** Answers whoever asks, without a credential. */
  | { kind: 'open'; answer: DockerAnswer; text: string }
  | { kind: 'refuse'; code: ErrorCode; message: string };

export interface Operation {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** As the Engine's own description writes it. */
  path: string;
  verdict: Verdict;
}

const serve = (handler: Handler): Verdict => ({ kind: 'serve', handler });
const hijack = (opener: Opener): Verdict => ({ kind: 'hijack', opener });
const refuse = (code: ErrorCode, message: string): Verdict => ({ kind: 'refuse', code, message });

const noSwarm = refuse(
  'unavailable',
  'This node is not a swarm manager: Longshore has no swarm. Use containers, or Compose, instead',
);
const noPlugins = refuse('forbidden', 'Plugins cannot be installed here: they would run as part of the host');
const noBuildKit = refuse('unsupported', 'BuildKit is not served here: set DOCKER_BUILDKIT=0 to build');
const answer = { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' } };
const ping: Verdict = { kind: 'open', answer, text: '' };
/** docker-py takes nothing but this for alive. */
const pingBody: Verdict = { kind: 'open', answer, text: 'OK' };

type Row = [method: Operation['method'], path: string, verdict: Verdict];

const rows: Row[] = [
  ['GET', '/containers/json', serve(listContainers)],
  ['POST', '/containers/create', serve(createContainer)],
  ['POST', '/containers/prune', serve(pruneContainers)],
  ['GET', '/containers/{id}/json', serve(inspectContainer)],
  ['GET', '/containers/{id}/top', serve(containerTop)],
  ['GET', '/containers/{id}/logs', serve(containerLogs)],
  ['GET', '/containers/{id}/changes', serve(containerChanges)],
  ['GET', '/containers/{id}/export', serve(exportArchive)],
  ['GET', '/containers/{id}/stats', serve(containerStats)],
  ['POST', '/containers/{id}/resize', serve(resizeContainer)],
  ['POST', '/containers/{id}/start', serve(start)],
  ['POST', '/containers/{id}/stop', serve(stop)],
  ['POST', '/containers/{id}/restart', serve(restart)],
  ['POST', '/containers/{id}/kill', serve(killContainer)],
  ['POST', '/containers/{id}/update', serve(update)],
  ['POST', '/containers/{id}/rename', serve(rename)],
  ['POST', '/containers/{id}/pause', serve(pause)],
  ['POST', '/containers/{id}/unpause', serve(unpause)],
  ['POST', '/containers/{id}/attach', hijack(attach)],
  ['GET', '/containers/{id}/attach/ws', hijack(attach)],
  ['POST', '/containers/{id}/wait', serve(waitContainer)],
  ['HEAD', '/containers/{id}/archive', serve(statArchive)],
  ['GET', '/containers/{id}/archive', serve(getArchive)],
  ['PUT', '/containers/{id}/archive', serve(putArchive)],
  ['DELETE', '/containers/{id}', serve(removeContainer)],

  ['POST', '/containers/{id}/exec', serve(createExec)],
  ['POST', '/exec/{id}/start', hijack(startExec)],
  ['POST', '/exec/{id}/resize', serve(resizeExec)],
  ['GET', '/exec/{id}/json', serve(inspectExec)],

  ['GET', '/images/json', serve(listImages)],
  ['POST', '/build', serve(buildImage)],
  ['POST', '/build/prune', serve(pruneBuildCache)],
  ['POST', '/images/create', serve(createImage)],
  ['GET', '/images/get', serve(getImages)],
  ['POST', '/images/load', serve(loadArchive)],
  ['POST', '/images/prune', serve(pruneImages)],
  ['GET', '/images/search', serve(searchImages)],
  ['GET', '/images/{name}/json', serve(inspectImage)],
  ['GET', '/images/{name}/history', serve(imageHistory)],
  ['GET', '/images/{name}/get', serve(getImage)],
  ['POST', '/images/{name}/push', serve(pushToRegistry)],
  ['POST', '/images/{name}/tag', serve(tagImage)],
  ['DELETE', '/images/{name}', serve(removeImage)],
  ['POST', '/commit', serve(commit)],
  ['GET', '/distribution/{name}/json', serve(inspectDistribution)],

  ['GET', '/networks', serve(networks.listNetworks)],
  ['POST', '/networks/create', serve(networks.createNetwork)],
  ['POST', '/networks/prune', serve(networks.pruneNetworks)],
  ['POST', '/networks/{id}/connect', serve(networks.connect)],
  ['POST', '/networks/{id}/disconnect', serve(networks.disconnect)],
  ['GET', '/networks/{id}', serve(networks.inspectNetwork)],
  ['DELETE', '/networks/{id}', serve(networks.removeNetwork)],

  ['GET', '/volumes', serve(volumes.listVolumes)],
  ['POST', '/volumes/create', serve(volumes.createVolume)],
  ['POST', '/volumes/prune', serve(volumes.pruneVolumes)],
  ['GET', '/volumes/{name}', serve(volumes.inspectVolume)],
  ['PUT', '/volumes/{name}', noSwarm],
  ['DELETE', '/volumes/{name}', serve(volumes.removeVolume)],

  ['HEAD', '/_ping', ping],
  ['GET', '/_ping', pingBody],
  ['GET', '/version', serve(version)],
  ['GET', '/info', serve(info)],
  ['GET', '/events', serve(events)],
  ['GET', '/system/df', serve(diskUsage)],
  ['POST', '/auth', serve(checkAuth)],
  ['POST', '/session', noBuildKit],
  ['POST', '/grpc', noBuildKit],

  ['GET', '/plugins', serve(listPlugins)],
  ['GET', '/plugins/privileges', noPlugins],
  ['POST', '/plugins/pull', noPlugins],
  ['POST', '/plugins/create', noPlugins],
  ['GET', '/plugins/{name}/json', serve(inspectPlugin)],
  ['POST', '/plugins/{name}/enable', noPlugins],
  ['POST', '/plugins/{name}/disable', noPlugins],
  ['POST', '/plugins/{name}/upgrade', noPlugins],
  ['POST', '/plugins/{name}/push', noPlugins],
  ['POST', '/plugins/{name}/set', noPlugins],
  ['DELETE', '/plugins/{name}', noPlugins],

  ['GET', '/swarm', noSwarm],
  ['GET', '/swarm/unlockkey', noSwarm],
  ...['init', 'join', 'leave', 'update', 'unlock'].map((verb): Row => ['POST', `/swarm/${verb}`, noSwarm]),
  ...['services', 'secrets', 'configs'].flatMap((noun): Row[] => [
    ['GET', `/${noun}`, noSwarm],
    ['POST', `/${noun}/create`, noSwarm],
    ['GET', `/${noun}/{id}`, noSwarm],
    ['DELETE', `/${noun}/{id}`, noSwarm],
    ['POST', `/${noun}/{id}/update`, noSwarm],
  ]),
  ['GET', '/services/{id}/logs', noSwarm],
  ['GET', '/nodes', noSwarm],
  ['GET', '/nodes/{id}', noSwarm],
  ['DELETE', '/nodes/{id}', noSwarm],
  ['POST', '/nodes/{id}/update', noSwarm],
  ['GET', '/tasks', noSwarm],
  ['GET', '/tasks/{id}', noSwarm],
  ['GET', '/tasks/{id}/logs', noSwarm],
];

/** @public */
export const operations: readonly Operation[] = rows.map(([method, path, verdict]) => ({ method, path, verdict }));

export interface Match {
  operation: Operation;
  params: Record<string, string>;
}

/** In the order of the list, by method and first segment. */
const candidates = Map.groupBy(
  operations.map((operation) => ({ operation, pattern: patternOf(operation.path) })),
  ({ operation: { method, path } }) => `${method} ${path.split('/')[1]}`,
);

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>.+)')}$`);
}

/** @param path without version and query. Null when there is no such operation. Throws invalid for a path in disguise. */
export function findOperation(method: string, path: string): Match | null {
  for (const { operation, pattern } of candidates.get(`${method} ${path.split('/')[1]}`) ?? []) {
    const found = pattern.exec(path);
    if (!found) continue;
    const params = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decoded(name, value)]);
    return { operation, params: Object.fromEntries(params) };
  }
  return null;
}

/** Only names of images need encoding (`@` is written `%40` by some); anywhere else it is an attempt to be misread. */
function decoded(param: string, value: string): string {
  if (!value.includes('%')) return value;
  const isPlain = param === 'name' && /^(?:[^%]|%(?:3A|40|2B))*$/i.test(value);
  if (!isPlain) throw new AppError('invalid', 'The path must not contain encoded characters');
  return decodeURIComponent(value);
}
