/** Tenants' volumes: the Engine's local driver without options, so that no path of the host can be named. */
import { z } from 'zod';
import { AppError, unless } from '../../domain/errors.ts';
import type { CallOptions, Provider, VolumeRef } from '../provider.ts';
import { type Site, safeName } from './client.ts';
import { carriesMark, markLabels } from './labels.ts';

const made = z.object({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullish() });
const usage = z.object({
  Volumes: z.array(z.object({ Name: z.string(), UsageData: z.object({ Size: z.number() }).nullish() })).nullish(),
});

const subject = { noun: 'volume' } as const;
/** The Engine measures for one caller at a time and refuses the others. */
const measuring = /disk usage operation is already running/;
const pauseMs = 200;

export function volumesOf(site: Site): Provider['volumes'] {
  return {
    ensure: async (volume, options) => {
      const mark = { installId: site.installId, tenantId: volume.tenantId };
      const body = { Name: safeName(volume.key), Driver: 'local', Labels: markLabels(mark) };
      const request = { method: 'POST', path: '/volumes/create', body, subject } as const;
      // The Engine answers with the volume that has the name, whoever made it.
      const { Labels } = await site.engine.ask(request, made, options);
      if (!carriesMark(Labels, mark))
        throw new AppError('conflict', 'The name of the volume is taken at the Docker Engine');
    },
    remove: ({ key }, options) => removeVolume(site, key, options),
    sizes: (volumes, options) => sizes(site, volumes, options),
  };
}

/** Done when it is gone already. Throws conflict while a container has it. */
export async function removeVolume(site: Site, key: string, options: CallOptions): Promise<void> {
  const request = { method: 'DELETE', path: `/volumes/${safeName(key)}`, subject } as const;
  await unless(site.engine.call(request, options), ['not_found'], undefined);
}

async function sizes(site: Site, volumes: VolumeRef[], options: CallOptions): Promise<Map<string, number>> {
  const wanted = new Set(volumes.map(({ key }) => key));
  const found = (await measure(site, options)).Volumes ?? [];
  const known = found.flatMap(({ Name, UsageData }): [string, number][] =>
    wanted.has(Name) && UsageData && UsageData.Size >= 0 ? [[Name, UsageData.Size]] : [],
  );
  return new Map(known);
}

async function measure(site: Site, options: CallOptions): Promise<z.infer<typeof usage>> {
  const request = { method: 'GET', path: '/system/df', query: { type: 'volume' }, subject } as const;
  for (;;) {
    try {
      return await site.engine.ask(request, usage, options);
    } catch (error) {
      const busy = error instanceof AppError && error.cause instanceof Error && measuring.test(error.cause.message);
      if (!busy) throw error;
    }
    await site.clock.sleep(pauseMs, options.signal);
  }
}
