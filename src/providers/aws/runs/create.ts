/** Making a run: everything that its start will need is checked, made and written down; no task runs yet. */
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions, CreateInput } from '../../provider.ts';
import { readHeld } from '../images/held.ts';
import { writeUse } from '../images/uses.ts';
import { domainOf } from '../names.ts';
import { groupIdOf } from '../security-groups.ts';
import type { Site } from '../site.ts';
import { ensurePlaces } from '../tenant-places.ts';
import { accessPointOf } from '../volumes.ts';
import { toDefinition } from './definition.ts';
import { readHistory } from './history.ts';
import { portsOf } from './ports.ts';
import { createRecord, type RunRecord, readRecord } from './records.ts';
import { refusalOf } from './refusals.ts';
import { registered } from './registered.ts';

/** The record's name is the idempotency key: of any number of calls one writes it and the others adopt it. */
export async function createRun(
  site: Site,
  input: CreateInput,
  options: CallOptions,
): Promise<{ handle: string; adopted: boolean }> {
  const found = await readRecord(site, input.key, options);
  if (found) return adopt(found.value, input);
  const record = await recordOf(site, input, options);
  // First, so that the image of a run is never let go of while there is one.
  await writeUse(site, record, options);
  if (await createRecord(site, record, options)) return { handle: input.key, adopted: false };
  const other = await readRecord(site, input.key, options);
  if (other) return adopt(other.value, input);
  throw new AppError('unavailable', 'The container was removed while it was made');
}

function adopt(record: RunRecord, { key, tenantId, containerId, incarnation }: CreateInput) {
  const isSame =
    record.tenantId === tenantId && record.containerId === containerId && record.incarnation === incarnation;
  if (!isSame) throw new AppError('conflict', 'The name of the container is taken at AWS');
  return { handle: key, adopted: true };
}

async function recordOf(site: Site, input: CreateInput, options: CallOptions): Promise<RunRecord> {
  const { key, tenantId, containerId, incarnation, name, spec, imageId } = input;
  const refusal = refusalOf(spec, site.settings);
  if (refusal) throw new AppError('unsupported', `${refusal.field}: ${refusal.reason}`);
  const [image, accessPoints] = await Promise.all([
    readHeld(site, { imageId, tenantId, reference: spec.image }, options),
    Promise.all(input.volumes.map((volume) => accessPointOf(site, volume.key, options))),
    ensurePlaces(site, tenantId, options),
    ...input.networks.map((network) => groupIdOf(site, network.key, options)),
  ]);
  const region = await site.clients.ecs.config.region();
  const domain = input.networks[0] ? await domainOf(site, input.networks[0].key, options) : null;
  const { definition, overrides } = toDefinition({ ...site, region, domain }, input, image, accessPoints);
  return {
    format: 1,
    key,
    tenantId,
    containerId,
    incarnation,
    imageId,
    name,
    taskDefinition: await registered(site, definition, tenantId, options),
    overrides: { ...overrides },
    networks: input.networks.map((network) => ({ key: network.key, aliases: network.aliases })),
    volumeKeys: input.volumes.map((volume) => volume.key),
    ports: portsOf(spec),
    hasHealthcheck: definition.containerDefinitions?.[0]?.healthCheck !== undefined,
    user: spec.user ?? image.details.config.user,
    workdir: spec.workdir ?? image.details.config.workdir,
    earlierTasks: incarnation === 1 ? [] : await readHistory(site, containerId, options),
    allowsExec: !spec.readonlyRoot,
    stopSignal: image.details.config.stopSignal ?? 'SIGTERM',
    attempt: 1,
    askedAt: null,
    taskArn: null,
    namedAt: null,
    failure: null,
    isPaused: false,
    ended: null,
  };
}
