-- FORCE applies the policies to the owner as well; grants are per table and per verb. drizzle-kit emits neither.
DO $$
DECLARE t text;
BEGIN
  FOR t IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relrowsecurity LOOP
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO longshore_app, longshore_reconciler;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON
  tenants, tenant_heads, api_keys, tickets, quotas, rate_buckets, idempotency_keys, images, image_tags, networks, volumes,
  containers, runs, container_networks, container_volumes, operations, events, strays TO longshore_reconciler;
--> statement-breakpoint
GRANT SELECT ON installation TO longshore_reconciler;
--> statement-breakpoint
-- A tenant's session: no tenants, no keys, no lease columns worth having; events are append-only, quotas only counted.
GRANT SELECT, UPDATE ON tenant_heads TO longshore_app;
--> statement-breakpoint
GRANT SELECT, UPDATE (used) ON quotas TO longshore_app;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON rate_buckets, idempotency_keys, containers, operations TO longshore_app;
--> statement-breakpoint
GRANT DELETE ON idempotency_keys TO longshore_app;
--> statement-breakpoint
GRANT SELECT, INSERT ON runs, events, container_networks, container_volumes TO longshore_app;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON images, image_tags, networks, volumes TO longshore_app;
--> statement-breakpoint
GRANT INSERT ON tickets TO longshore_app;
--> statement-breakpoint
-- The owner of everything the shared tenant holds: images that the operator gives to all.
INSERT INTO tenants (id, name) VALUES ('00000000-0000-0000-0000-000000000000', '_shared');
--> statement-breakpoint
INSERT INTO installation DEFAULT VALUES;
