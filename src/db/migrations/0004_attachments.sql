ALTER TABLE "containers" ADD COLUMN "attachments" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "networks" jsonb;--> statement-breakpoint
-- What containers were attached to so far. The owner sees no rows while its policies are forced on it.
ALTER TABLE "containers" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "container_networks" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "networks" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
UPDATE "containers" c SET "attachments" = (
  SELECT coalesce(jsonb_agg(jsonb_build_object('networkId', n.id, 'name', n.name, 'isDefault', n.is_default, 'internal', n.internal,
    'key', n.provider_key, 'aliases', l.aliases) ORDER BY l.position), '[]')
  FROM "container_networks" l JOIN "networks" n ON n.tenant_id = l.tenant_id AND n.id = l.network_id
  WHERE l.tenant_id = c.tenant_id AND l.container_id = c.id);--> statement-breakpoint
ALTER TABLE "containers" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "container_networks" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "networks" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
GRANT DELETE ON "container_networks" TO longshore_app;--> statement-breakpoint
ALTER TABLE "container_networks" DROP COLUMN "position";--> statement-breakpoint
ALTER TABLE "container_networks" DROP COLUMN "aliases";