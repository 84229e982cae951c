/** The Docker door and the Engine behind it, each with a client of the same kind: what the door adds is the difference. */
import Docker from 'dockerode';
import { acquireEngine } from '../scripts/engine.ts';
import { busyboxImage, makeBusyboxImage } from '../test/support/base-images.ts';
import { openDocker } from '../test/support/engine.ts';
import { makeKey, makeTenants } from './api.ts';
import { type Longshore, startLongshore } from './server.ts';
import type { Site } from './site.ts';

export interface Side {
  name: 'engine' | 'door';
  docker: Docker;
}

export interface EnginePair extends AsyncDisposable {
  engine: Side;
  door: Side;
  longshore: Longshore;
  /** Where the Engine listens, for clients that are no dockerode. */
  socketPath: string;
  /** A key of the tenant behind `door`. */
  key: string;
  image: string;
}

/** Disposing removes what was made on both sides. */
export async function openEnginePair(site: Site, database: string): Promise<EnginePair> {
  const cleanup = new AsyncDisposableStack();
  const found = await acquireEngine({ env: process.env, log: site.log, install: true });
  cleanup.defer(found.release);
  const engine = openDocker(found.dockerHost);
  await makeBusyboxImage(engine);
  const longshore = cleanup.use(
    await startLongshore(site, await site.database(database), {
      LONGSHORE_PROVIDER: 'docker',
      DOCKER_HOST: found.dockerHost,
      LONGSHORE_SHARED_IMAGES: busyboxImage,
      LONGSHORE_MAX_STREAMS: '1000',
    }),
  );
  await makeTenants(longshore, 1);
  const key = await makeKey(longshore, 'tenant-0');
  const { hostname, port } = new URL(longshore.url);
  const door = new Docker({
    protocol: 'http',
    host: hostname,
    port,
    headers: { Authorization: `Bearer ${key}` },
  });
  const pair: Omit<EnginePair, typeof Symbol.asyncDispose> = {
    engine: { name: 'engine', docker: engine },
    door: { name: 'door', docker: door },
    longshore,
    socketPath: found.dockerHost.replace('unix://', ''),
    key,
    image: busyboxImage,
  };
  return { ...pair, [Symbol.asyncDispose]: () => clearBoth(pair).finally(() => cleanup.disposeAsync()) };
}

/** On the Engine itself, what a benchmark makes carries this label. */
export const benchLabel = 'longshore-bench';

async function clearBoth({ engine, door }: Pick<EnginePair, 'engine' | 'door'>): Promise<void> {
  const ofEngine = await engine.docker.listContainers({ all: true, filters: { label: [benchLabel] } });
  const ofDoor = await door.docker.listContainers({ all: true });
  for (const { Id } of ofEngine) await engine.docker.getContainer(Id).remove({ force: true });
  for (const { Id } of ofDoor) await door.docker.getContainer(Id).remove({ force: true });
}
