/** A tenant's volumes as rows. What they are at the provider follows from them. */
import { type SQL, sql } from 'drizzle-orm';
import type { Actor } from '../domain/principal.ts';
import type { Db } from './client.ts';
import { writeEvents } from './events.ts';
import { checkQuota, quotaVerdict, takeQuota } from './quotas.ts';
import { json, param, prepare } from './statements.ts';
import { tenantBatch } from './tenancy.ts';

export interface NewVolume {
  name: string;
  labels: Record<string, string>;
  anonymous: boolean;
  providerKey: string;
}

/** In the order of names, so that two requests for the same volumes do not wait for each other in a circle. */
const makeVolumes: SQL = sql`
  made as (insert into volumes (tenant_id, name, labels, anonymous, provider_key)
    select ${param('tenantId', 'uuid')}, x.name, x.labels, x.anonymous, x."providerKey"
    from jsonb_to_recordset(${param('volumes', 'jsonb')}) as x(name text, labels jsonb, anonymous boolean, "providerKey" text)
    order by x.name on conflict do nothing returning *),
  ${takeQuota('volumes')},
  changed as (select name as id, name, jsonb_build_object('anonymous', anonymous) as data from made),
  ${writeEvents('volume', 'created')}`;

const ensure = prepare(sql`with ${makeVolumes} select ${quotaVerdict}`);

/** Makes those that are not there yet. Throws limit (quota); then none is made. */
export async function ensureVolumes(db: Db, tenantId: string, volumes: NewVolume[], actor: Actor): Promise<void> {
  const values = { tenantId, volumes: json(volumes), actor: json(actor) };
  await tenantBatch(db, tenantId, [ensure(values)], ([rows]) => checkQuota(rows?.[0], 'volumes'));
}
