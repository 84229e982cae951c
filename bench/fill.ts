/** Containers by the thousand, written past the API: rows as the API leaves them, spread evenly over the tenants there are. */
import { containerSpec } from '../src/domain/container-spec.ts';
import { administer } from './site.ts';

const spec = containerSpec.parse({
  image: 'registry.example/shop/web:2026.1',
  command: ['node', 'server.js', '--port', '8080'],
  env: { NODE_ENV: 'production', DATABASE_HOST: 'db.internal', LOG_LEVEL: 'info' },
  labels: { 'com.example.team': 'shop', 'com.example.stage': 'production' },
  resources: { cpus: 0.5, memoryMiB: 256, pids: 128 },
  ports: [{ containerPort: 8080 }],
  restart: 'unless-stopped',
});

/**
 * A second apart in creation, each tenant's between all the others'. They were lost at the provider and nobody wants them to
 * run, so that the worker leaves them alone.
 */
export async function fillContainers(databaseUrl: string, count: number): Promise<void> {
  await administer(databaseUrl, async (sql) => {
    await sql`with owners as (
        select id, row_number() over (order by name) - 1 as position, count(*) over () as owners
        from tenants where name <> '_shared')
      insert into containers (tenant_id, id, name, spec, image_id, desired, start_seq, stop_grace_seconds,
        observed_generation, created_at)
      select o.id, encode(sha256(('container ' || i)::bytea), 'hex'), 'web-' || i,
        ${sql.json(spec)}::jsonb || jsonb_build_object('hostname', 'web-' || i),
        'sha256:' || encode(sha256(('image ' || i % 100)::bytea), 'hex'), 'stopped', 1, 10, 1,
        longshore_now() - make_interval(secs => ${count} - i)
      from generate_series(1, ${count}::int) i join owners o on o.position = i % o.owners order by i`;
    await sql`insert into runs (tenant_id, container_id, incarnation, name, provider, provider_key, handle, phase, started_seq,
        exit_code, started_at, finished_at, observed_version, observed_at)
      select tenant_id, id, 1, name, 'memory', 'ls-' || id || '-1', id, 'lost', 1, 137, created_at, created_at, 1, created_at
      from containers order by created_at`;
    await sql`update quotas set used = (select count(*) from containers c where c.tenant_id = quotas.tenant_id)
      where resource = 'containers'`;
    await sql.unsafe('vacuum analyze');
  });
}
