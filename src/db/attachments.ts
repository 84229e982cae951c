/** Accepting that a container joins or leaves a network: the row and its reference to the network change together. */
import { sql } from 'drizzle-orm';
import type { Container } from '../domain/container.ts';
import type { Attachment } from '../domain/network.ts';
import type { Actor } from '../domain/principal.ts';
import { acceptedChange, newOperation } from './accept.ts';
import type { Db } from './client.ts';
import { containerColumns, currentRun, toContainer } from './containers.ts';
import { writeEvents } from './events.ts';
import { checkGuard, claimValues, guarded, type KeyClaim, keyGuard } from './key-claim.ts';
import { checkScheduled, mayAccept } from './schedule.ts';
import { json, param, prepare } from './statements.ts';
import { tenantBatch } from './tenancy.ts';

export interface AttachmentIntent {
  kind: 'connect' | 'disconnect';
  /** The snapshot that the change was decided on: it happens to it or not at all. */
  container: Container;
  network: Pick<Attachment, 'networkId' | 'name'>;
  /** All of its attachments afterwards. */
  attachments: Attachment[];
  operationId: string;
  actor: Actor;
  claim: KeyClaim | null;
  /** See LeaseWish. */
  isScheduled: boolean;
}

const here = sql`tenant_id = ${param('tenantId', 'uuid')}`;
const change = prepare(sql`with ${keyGuard},
  network as (select id from networks where ${here} and id = ${param('networkId', 'text')} for key share),
  c as (update containers set generation = generation + 1, attachments = ${param('attachments', 'jsonb')},
      next_run_at = longshore_now(), attempts = 0
    where ${here} and id = ${param('id', 'text')} and generation = ${param('generation', 'int')} and removed_at is null
      and exists (select from network) returning *),
  linked as (insert into container_networks (tenant_id, container_id, network_id)
    select c.tenant_id, c.id, ${param('networkId', 'text')} from c where ${param('kind', 'text')} = 'connect' on conflict do nothing),
  unlinked as (delete from container_networks l using c where ${param('kind', 'text')} = 'disconnect'
    and l.tenant_id = c.tenant_id and l.container_id = c.id and l.network_id = ${param('networkId', 'text')}),
  changed as (${acceptedChange} union all
    select 'network', ${param('kind', 'text')} || 'ed', ${param('networkId', 'text')}, ${param('networkName', 'text')},
      jsonb_build_object('container', c.id) from c),
  ${writeEvents()},
  ${newOperation}
  select ${guarded}, ${mayAccept} as scheduled, ${containerColumns} from (select 1) one left join c on true left join runs r on ${currentRun}`);

/** Null when the container changed since the snapshot, or the network went: look again and decide anew. Throws ScheduleOff. */
export async function acceptAttachment(db: Db, intent: AttachmentIntent): Promise<Container | null> {
  const { kind, container, network, operationId, claim } = intent;
  const { tenantId, id, generation } = container;
  const values = {
    ...claimValues(claim),
    ...{ tenantId, id, generation, kind, operationId, isScheduled: intent.isScheduled },
    networkId: network.networkId,
    networkName: network.name,
    attachments: json(intent.attachments),
    actor: json(intent.actor),
  };
  const stale = Symbol('stale');
  try {
    const [rows] = await tenantBatch(db, tenantId, [change(values)], ([found]) => {
      checkGuard(found?.[0], claim);
      if (found?.[0]?.['c.id'] === null) throw stale;
      checkScheduled(found?.[0]);
    });
    return toContainer(rows?.[0] ?? {});
  } catch (error) {
    if (error === stale) return null;
    throw error;
  }
}
