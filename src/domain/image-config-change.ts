/** What of an image's configuration is to become another than in the container that it is made of. */
import { z } from 'zod';
import { containerSpec, signalName } from './container-spec.ts';

const { command, entrypoint, env, labels, user, healthcheck } = containerSpec.shape;
const path = z.string().min(1).max(4096);

const exposedPort = z.string().regex(/^\d{1,5}\/(tcp|udp|sctp)$/, 'must be PORT/tcp, PORT/udp or PORT/sctp');

/** Lists replace; records, ports and volumes are added to what is there. An entrypoint without a command drops the command. */
export const imageConfigChange = z
  .strictObject({
    command,
    entrypoint,
    env: env.unwrap().optional(),
    labels: labels.unwrap().optional(),
    user,
    workdir: path.regex(/^\//, 'must be an absolute path').optional(),
    exposedPorts: z.array(exposedPort).max(1000).optional(),
    volumes: z.array(path).max(100).optional(),
    onBuild: z.array(z.string().min(1).max(65_536)).max(100).optional(),
    healthcheck,
    stopSignal: signalName.optional(),
  })
  .meta({ id: 'ImageConfigChange' });
export type ImageConfigChange = z.output<typeof imageConfigChange>;

/** What is named by both is as the second says. */
export function mergeConfigChanges(first: ImageConfigChange, second: ImageConfigChange): ImageConfigChange {
  const union = (a: string[] | undefined, b: string[] | undefined) => [...new Set([...(a ?? []), ...(b ?? [])])];
  return {
    ...first,
    ...second,
    env: { ...first.env, ...second.env },
    labels: { ...first.labels, ...second.labels },
    exposedPorts: union(first.exposedPorts, second.exposedPorts),
    volumes: union(first.volumes, second.volumes),
  };
}
