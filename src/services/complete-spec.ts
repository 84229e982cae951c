/** What a spec leaves to others to say: ports and volumes of its image, mounts of other containers. Done once, when it is accepted. */
import type { Ctx, Deps } from '../context.ts';
import type { ContainerDetails } from '../domain/container-details.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import type { ImageConfig } from '../domain/image.ts';
import { describeContainer } from './container-details.ts';

type Mounts = ContainerSpec['mounts'];

/** Throws not_found for a container that is not the tenant's. */
export async function completeSpec(
  deps: Deps,
  ctx: Ctx,
  spec: ContainerSpec,
  image: Pick<ImageConfig, 'exposedPorts' | 'volumes'>,
): Promise<ContainerSpec> {
  const others = (spec.volumesFrom ?? []).map(async ({ container, readOnly }) =>
    mountsOf(await describeContainer(deps, ctx, container), readOnly),
  );
  const lent = (await Promise.all(others)).flat();
  const ofImage = image.volumes.map((target) => ({ type: 'volume' as const, target, readOnly: false }));
  return {
    ...spec,
    ports: withExposed(spec, image.exposedPorts),
    mounts: distinct([...spec.mounts, ...lent, ...ofImage]),
  };
}

/** A tmpfs is one container's own. */
function mountsOf({ spec, volumes }: ContainerDetails, readOnly: boolean | undefined): Mounts {
  return spec.mounts.flatMap((mount, position) => {
    if (mount.type === 'tmpfs') return [];
    const mode = readOnly === undefined ? {} : { readOnly };
    const source = volumes.find((volume) => volume.position === position)?.name ?? mount.source;
    return source === undefined ? [] : [{ ...mount, ...mode, source } as Mounts[number]];
  });
}

/** The first at a path wins. */
const distinct = (mounts: Mounts): Mounts =>
  mounts.filter(({ target }, position) => mounts.findIndex((other) => other.target === target) === position);

/** `publishAll`: every exposed port that is not published yet, on any free one. */
function withExposed({ ports, expose = [], publishAll }: ContainerSpec, ofImage: string[]): ContainerSpec['ports'] {
  if (!publishAll) return ports;
  const keys = [...ofImage, ...expose.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)];
  const published = new Set(ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const more = [...new Set(keys)]
    .filter((key) => !published.has(key))
    .flatMap((key) => {
      const [port, protocol = 'tcp'] = key.split('/');
      if (protocol !== 'tcp' && protocol !== 'udp') return [];
      return [{ containerPort: Number(port), hostPort: 0, protocol } as const];
    });
  return [...ports, ...more];
}
