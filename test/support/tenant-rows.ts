/** One row in every table that has tenant_id, written as the database's owner: something for another tenant not to find. */
import { randomBytes, randomUUID } from 'node:crypto';
import type postgres from 'postgres';

export interface TenantRows {
  tenantId: string;
  containerId: string;
  networkId: string;
  imageId: string;
}

export async function writeTenantRows(owner: postgres.Sql, name: string): Promise<TenantRows> {
  const tenantId = randomUUID();
  const containerId = randomBytes(32).toString('hex');
  const networkId = randomBytes(32).toString('hex');
  const imageId = `sha256:${randomBytes(32).toString('hex')}`;
  const actor = owner.json({ kind: 'operator', id: 'operator' });
  await owner.begin(async (sql) => {
    await sql`insert into tenants (id, name) values (${tenantId}, ${name})`;
    await sql`insert into tenant_heads (tenant_id, event_seq) values (${tenantId}, 1)`;
    await sql`insert into quotas (tenant_id, resource, lim) values (${tenantId}, 'containers', 10)`;
    await sql`insert into rate_buckets (tenant_id, class, tokens, refilled_at) values (${tenantId}, 'requests', 0, now())`;
    await sql`insert into api_keys (tenant_id, id, name, role, secret_hash) values (${tenantId}, ${name}, 'k', 'admin', 'h')`;
    await sql`insert into certificates (tenant_id, id, serial, name, role, pem, not_after)
      values (${tenantId}, ${containerId}, '01', 'c', 'admin', 'p', now() + interval '1 hour')`;
    await sql`insert into tickets (tenant_id, secret_hash, key_id, role, expires_at)
      values (${tenantId}, 'h', ${name}, 'admin', now() + interval '1 hour')`;
    await sql`insert into idempotency_keys (tenant_id, route, key, request_hash, state, locked_until)
      values (${tenantId}, 'POST /', 'k', 'h', 'done', now())`;
    await sql`insert into images (tenant_id, id, details) values (${tenantId}, ${imageId}, '{}')`;
    await sql`insert into image_tags (tenant_id, repository, tag, image_id) values (${tenantId}, 'app', 'latest', ${imageId})`;
    await sql`insert into networks (tenant_id, id, name, labels, provider_key)
      values (${tenantId}, ${networkId}, 'default', '{}', ${networkId})`;
    await sql`insert into volumes (tenant_id, name, labels, provider_key) values (${tenantId}, 'data', '{}', ${name})`;
    await sql`insert into containers (tenant_id, id, name, spec, image_id, desired, stop_grace_seconds)
      values (${tenantId}, ${containerId}, 'web', '{}', ${imageId}, 'running', 10)`;
    await sql`insert into runs (tenant_id, container_id, incarnation, name, provider, provider_key)
      values (${tenantId}, ${containerId}, 1, 'web', 'memory', ${containerId})`;
    await sql`insert into run_hints (tenant_id, container_id, incarnation, version) values (${tenantId}, ${containerId}, 1, 1)`;
    await sql`insert into container_networks (tenant_id, container_id, network_id)
      values (${tenantId}, ${containerId}, ${networkId})`;
    await sql`insert into container_volumes (tenant_id, container_id, position, volume_name)
      values (${tenantId}, ${containerId}, 0, 'data')`;
    await sql`insert into execs (tenant_id, id, container_id, spec) values (${tenantId}, ${networkId}, ${containerId}, '{}')`;
    await sql`insert into operations (tenant_id, id, container_id, kind, generation, actor)
      values (${tenantId}, ${randomUUID()}, ${containerId}, 'create', 1, ${actor})`;
    await sql`insert into events (tenant_id, seq, kind, type, resource_id, name, actor, cause, data)
      values (${tenantId}, 1, 'container', 'created', ${containerId}, 'web', ${actor}, 'request', '{}')`;
  });
  return { tenantId, containerId, networkId, imageId };
}
