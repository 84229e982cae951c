/** Images made of runs. */
import { z } from 'zod';
import type { ImageDetails } from '../../domain/image.ts';
import type { ImageConfigChange } from '../../domain/image-config-change.ts';
import type { CallOptions, CommitInput, RunRef } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';
import { imageDetails } from './image-details.ts';
import { holdImage, provisionalHold, untag } from './image-holds.ts';
import { ownLabels } from './labels.ts';
import { healthcheck, signalText } from './to-docker.ts';

const committed = z.object({ Id: z.string() });

/** Makes the names of their provisional holds differ. */
let commits = 0;

/**
 * The Engine gives an image its container's labels and lets a request overwrite but not remove them: ours are emptied, so that
 * no id of ours leaves with the image, and imageDetails leaves them out.
 */
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
    body: { ...toConfig(config), Labels: { ...config.labels, ...emptied } },
    subject: { noun: 'container' },
  };
  const { Id } = await site.engine.ask(request, committed, options);
  await holdImage(site, Id, tenantId, options, true);
  await untag(site, `${hold.repo}:${hold.tag}`, options);
  return imageDetails(site, Id, options);
}

const emptied = Object.fromEntries(ownLabels.map((name) => [name, '']));

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
