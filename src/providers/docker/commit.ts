/** Images made of runs. */
import { z } from 'zod';
import type { ImageDetails } from '../../domain/image.ts';
import type { ImageConfigChange } from '../../domain/image-config-change.ts';
import type { CallOptions, CommitInput, RunRef } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';
import { cleanCopy } from './image-copies.ts';
import { imageDetails } from './image-details.ts';
import { provisionalHold, untag } from './image-holds.ts';
import { healthcheck, signalText } from './to-docker.ts';

const committed = z.object({ Id: z.string() });

/** Makes the names of their provisional holds differ. */
let commits = 0;

/** The Engine gives an image its container's labels, ours among them, and says in it which container that was: a copy does not. */
export async function commitRun(
  site: Site,
  run: RunRef,
  input: CommitInput,
  options: CallOptions,
): Promise<ImageDetails> {
  const { author, comment, pause, config, tenantId } = input;
  commits += 1;
  const hold = provisionalHold(site, tenantId, `${run.key} ${site.clock.now()} ${commits}`);
  const request: EngineRequest = {
    method: 'POST',
    path: '/commit',
    query: { container: safeName(run.key), author, comment, pause: Number(pause), ...hold },
    body: { ...toConfig(config), Labels: config.labels },
    subject: { noun: 'container' },
  };
  const { Id } = await site.engine.ask(request, committed, options);
  try {
    return await imageDetails(site, await cleanCopy(site, Id, tenantId, options), options);
  } finally {
    await untag(site, `${hold.repo}:${hold.tag}`, options);
  }
}

/** What is absent the Engine takes from the container; so does it with a list that is empty. */
function toConfig(config: ImageConfigChange) {
  const keys = (names: string[] | undefined) => names && Object.fromEntries(names.map((name) => [name, {}]));
  return {
    Cmd: config.command,
    Entrypoint: config.entrypoint,
    Env: config.env && Object.entries(config.env).map(([name, value]) => `${name}=${value}`),
    User: config.user,
    WorkingDir: config.workdir,
    ExposedPorts: keys(config.exposedPorts),
    Volumes: keys(config.volumes),
    OnBuild: config.onBuild,
    StopSignal: config.stopSignal && signalText(config.stopSignal),
    Healthcheck: healthcheck(config.healthcheck),
  };
}
