/** Containers as JSON. */
import { z } from 'zod';
import { containerStatuses, type ShownContainer, statusOf } from '../../domain/container.ts';
import type { ContainerSizes } from '../../domain/container-files.ts';
import { containerSpec } from '../../domain/container-spec.ts';
import { errorCodes } from '../../domain/errors.ts';
import { type Operation, operationKinds, operationStates } from '../../domain/operation.ts';
import { actorKinds } from '../../domain/principal.ts';

const time = z.iso.datetime().nullable();
const failure = z.object({ code: z.enum(errorCodes), message: z.string() }).nullable();

const networkPlace = z.object({
  id: z.string(),
  name: z.string(),
  aliases: z.array(z.string()),
  address: z.string().nullable().describe('While it runs'),
  prefixLength: z.int().nullable(),
  gateway: z.string().nullable(),
  mac: z.string().nullable(),
});

export const containerView = z
  .object({
    id: z.string().describe('64 lowercase hex digits, for as long as the container exists'),
    name: z.string(),
    status: z.enum(containerStatuses),
    image: z.string().describe('The reference as it was asked for'),
    imageId: z.string(),
    createdAt: z.iso.datetime(),
    startedAt: time,
    finishedAt: time,
    exitCode: z.int().nullable(),
    oomKilled: z.boolean(),
    health: z.enum(['none', 'starting', 'healthy', 'unhealthy']),
    error: failure.describe('Why it could not be made or started, or what its last provider call ended in'),
    address: z.string().nullable().describe('On its first network'),
    networks: z.array(networkPlace).describe('Those it belongs on, the one it is made in first'),
    ports: z.array(
      z.object({
        containerPort: z.int(),
        hostPort: z.int(),
        hostAddress: z.string(),
        protocol: z.enum(['tcp', 'udp']),
      }),
    ),
    resources: containerSpec.shape.resources
      .nullable()
      .describe(
        'What it was last seen with: its limits, or the size of what it runs on where the provider has sizes of its own',
      ),
    restartCount: z.int(),
    labels: z.record(z.string(), z.string()),
    generation: z.int().describe('Grows with every accepted change'),
    observedGeneration: z.int().describe('The newest generation that was seen settled'),
    sizes: z
      .object({ writableBytes: z.number(), rootBytes: z.number().describe('Together with its image') })
      .nullable()
      .optional()
      .describe('Only where asked for; null where it has no files'),
    spec: containerSpec,
  })
  .meta({ id: 'Container' });

/** @param sizes absent: not asked for */
export function viewContainer(
  container: ShownContainer,
  sizes?: ContainerSizes | null,
): z.output<typeof containerView> {
  const { run, spec } = container;
  return {
    id: container.id,
    name: container.name,
    status: statusOf(container),
    image: spec.image,
    imageId: container.imageId,
    createdAt: container.createdAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
    exitCode: run.exitCode,
    oomKilled: run.oomKilled,
    health: run.health,
    error: run.failure ?? container.lastError,
    address: run.address,
    networks: container.attachments.map(({ networkId, name, aliases, key }) => {
      const { address = null, prefixLength = null, gateway = null, mac = null } = run.networks?.[key] ?? {};
      return { id: networkId, name, aliases, address, prefixLength, gateway, mac };
    }),
    ports: run.ports,
    resources: run.resources,
    restartCount: run.restartCount,
    labels: spec.labels,
    generation: container.generation,
    observedGeneration: container.observedGeneration,
    ...(sizes === undefined ? {} : { sizes }),
    spec,
  };
}

export const operationView = z
  .object({
    id: z.string(),
    kind: z.enum(operationKinds),
    state: z.enum(operationStates),
    generation: z.int(),
    error: failure,
    actor: z.object({ kind: z.enum(actorKinds), id: z.string() }),
    createdAt: z.iso.datetime(),
    finishedAt: time,
  })
  .meta({ id: 'Operation' });

export function viewOperation({
  id,
  kind,
  state,
  generation,
  failure: error,
  actor,
  createdAt,
  finishedAt,
}: Operation): z.output<typeof operationView> {
  return {
    id,
    kind,
    state,
    generation,
    error,
    actor,
    createdAt: createdAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
