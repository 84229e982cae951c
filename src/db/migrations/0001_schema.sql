CREATE TABLE "api_keys" (
	"tenant_id" uuid NOT NULL,
	"id" text NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"secret_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	CONSTRAINT "api_keys_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "api_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "container_networks" (
	"tenant_id" uuid NOT NULL,
	"container_id" text collate "C" NOT NULL,
	"network_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"aliases" jsonb DEFAULT '[]'::jsonb NOT NULL,
	CONSTRAINT "container_networks_tenant_id_container_id_network_id_pk" PRIMARY KEY("tenant_id","container_id","network_id")
);
--> statement-breakpoint
ALTER TABLE "container_networks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "container_volumes" (
	"tenant_id" uuid NOT NULL,
	"container_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"volume_name" text collate "C" NOT NULL,
	CONSTRAINT "container_volumes_tenant_id_container_id_position_pk" PRIMARY KEY("tenant_id","container_id","position")
);
--> statement-breakpoint
ALTER TABLE "container_volumes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "containers" (
	"tenant_id" uuid NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"spec" jsonb NOT NULL,
	"image_id" text collate "C" NOT NULL,
	"desired" text NOT NULL,
	"generation" integer DEFAULT 1 NOT NULL,
	"start_seq" integer DEFAULT 0 NOT NULL,
	"stop_seq" integer DEFAULT 0 NOT NULL,
	"stop_signal" text,
	"stop_grace_seconds" integer NOT NULL,
	"pending_signal" text,
	"restart_suppressed" boolean DEFAULT false NOT NULL,
	"remove_volumes" boolean DEFAULT false NOT NULL,
	"observed_generation" integer DEFAULT 0 NOT NULL,
	"incarnation" integer DEFAULT 1 NOT NULL,
	"lease_owner" text,
	"lease_until" timestamp with time zone,
	"fence" bigint DEFAULT 0 NOT NULL,
	"next_run_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" jsonb,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	"removed_at" timestamp with time zone,
	CONSTRAINT "containers_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "containers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "events" (
	"tenant_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	"kind" text NOT NULL,
	"type" text NOT NULL,
	"resource_id" text NOT NULL,
	"name" text NOT NULL,
	"actor" jsonb NOT NULL,
	"cause" text NOT NULL,
	"data" jsonb NOT NULL,
	CONSTRAINT "events_tenant_id_seq_pk" PRIMARY KEY("tenant_id","seq")
);
--> statement-breakpoint
ALTER TABLE "events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant_id" uuid NOT NULL,
	"route" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"state" text NOT NULL,
	"attempt" integer DEFAULT 1 NOT NULL,
	"locked_until" timestamp with time zone NOT NULL,
	"resource" text,
	"status" integer,
	"body" text,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_id_route_key_pk" PRIMARY KEY("tenant_id","route","key")
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "image_tags" (
	"tenant_id" uuid NOT NULL,
	"repository" text NOT NULL,
	"tag" text NOT NULL,
	"image_id" text collate "C" NOT NULL,
	CONSTRAINT "image_tags_tenant_id_repository_tag_pk" PRIMARY KEY("tenant_id","repository","tag")
);
--> statement-breakpoint
ALTER TABLE "image_tags" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "images" (
	"tenant_id" uuid NOT NULL,
	"id" text collate "C" NOT NULL,
	"details" jsonb NOT NULL,
	"repo_digests" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"pulled_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	CONSTRAINT "images_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "images" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "installation" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "networks" (
	"tenant_id" uuid NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"labels" jsonb NOT NULL,
	"internal" boolean DEFAULT false NOT NULL,
	"is_default" boolean DEFAULT false NOT NULL,
	"provider_key" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	CONSTRAINT "networks_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "networks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "operations" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"container_id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"generation" integer NOT NULL,
	"state" text DEFAULT 'accepted' NOT NULL,
	"failure" jsonb,
	"actor" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "operations_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "operations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "quotas" (
	"tenant_id" uuid NOT NULL,
	"resource" text NOT NULL,
	"used" integer DEFAULT 0 NOT NULL,
	"lim" integer NOT NULL,
	CONSTRAINT "quotas_tenant_id_resource_pk" PRIMARY KEY("tenant_id","resource"),
	CONSTRAINT "quotas_used" CHECK ("quotas"."used" >= 0)
);
--> statement-breakpoint
ALTER TABLE "quotas" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "rate_buckets" (
	"tenant_id" uuid NOT NULL,
	"class" text NOT NULL,
	"tokens" double precision NOT NULL,
	"refilled_at" timestamp with time zone NOT NULL,
	CONSTRAINT "rate_buckets_tenant_id_class_pk" PRIMARY KEY("tenant_id","class")
);
--> statement-breakpoint
ALTER TABLE "rate_buckets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "runs" (
	"tenant_id" uuid NOT NULL,
	"container_id" text collate "C" NOT NULL,
	"incarnation" integer NOT NULL,
	"name" text NOT NULL,
	"provider" text NOT NULL,
	"provider_key" text NOT NULL,
	"handle" text,
	"phase" text DEFAULT 'pending' NOT NULL,
	"started_seq" integer DEFAULT 0 NOT NULL,
	"stopped_seq" integer DEFAULT 0 NOT NULL,
	"exit_code" integer,
	"oom_killed" boolean DEFAULT false NOT NULL,
	"failure" jsonb,
	"health" text DEFAULT 'none' NOT NULL,
	"address" text,
	"ports" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"observed_version" bigint DEFAULT 0 NOT NULL,
	"observed_at" timestamp with time zone,
	"absent_since" timestamp with time zone,
	"stop_requested_at" timestamp with time zone,
	"restart_count" integer DEFAULT 0 NOT NULL,
	"restart_streak" integer DEFAULT 0 NOT NULL,
	"restart_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	CONSTRAINT "runs_tenant_id_container_id_incarnation_pk" PRIMARY KEY("tenant_id","container_id","incarnation")
);
--> statement-breakpoint
ALTER TABLE "runs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "strays" (
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"first_seen_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	"sightings" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "strays_kind_key_pk" PRIMARY KEY("kind","key")
);
--> statement-breakpoint
CREATE TABLE "tenant_heads" (
	"tenant_id" uuid PRIMARY KEY NOT NULL,
	"event_seq" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "tenant_heads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "tenants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	"deleting_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "tickets" (
	"tenant_id" uuid NOT NULL,
	"secret_hash" text NOT NULL,
	"key_id" text NOT NULL,
	"role" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "tickets_tenant_id_secret_hash_pk" PRIMARY KEY("tenant_id","secret_hash")
);
--> statement-breakpoint
ALTER TABLE "tickets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "volumes" (
	"tenant_id" uuid NOT NULL,
	"name" text collate "C" NOT NULL,
	"labels" jsonb NOT NULL,
	"anonymous" boolean DEFAULT false NOT NULL,
	"provider_key" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	CONSTRAINT "volumes_tenant_id_name_pk" PRIMARY KEY("tenant_id","name")
);
--> statement-breakpoint
ALTER TABLE "volumes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "container_networks" ADD CONSTRAINT "container_networks_tenant_id_container_id_containers_tenant_id_id_fk" FOREIGN KEY ("tenant_id","container_id") REFERENCES "public"."containers"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "container_networks" ADD CONSTRAINT "container_networks_tenant_id_network_id_networks_tenant_id_id_fk" FOREIGN KEY ("tenant_id","network_id") REFERENCES "public"."networks"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "container_volumes" ADD CONSTRAINT "container_volumes_tenant_id_container_id_containers_tenant_id_id_fk" FOREIGN KEY ("tenant_id","container_id") REFERENCES "public"."containers"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "container_volumes" ADD CONSTRAINT "container_volumes_tenant_id_volume_name_volumes_tenant_id_name_fk" FOREIGN KEY ("tenant_id","volume_name") REFERENCES "public"."volumes"("tenant_id","name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "containers" ADD CONSTRAINT "containers_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "image_tags" ADD CONSTRAINT "image_tags_tenant_id_image_id_images_tenant_id_id_fk" FOREIGN KEY ("tenant_id","image_id") REFERENCES "public"."images"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "images" ADD CONSTRAINT "images_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "networks" ADD CONSTRAINT "networks_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "operations" ADD CONSTRAINT "operations_tenant_id_container_id_containers_tenant_id_id_fk" FOREIGN KEY ("tenant_id","container_id") REFERENCES "public"."containers"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "quotas" ADD CONSTRAINT "quotas_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rate_buckets" ADD CONSTRAINT "rate_buckets_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_tenant_id_container_id_containers_tenant_id_id_fk" FOREIGN KEY ("tenant_id","container_id") REFERENCES "public"."containers"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenant_heads" ADD CONSTRAINT "tenant_heads_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tickets" ADD CONSTRAINT "tickets_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "volumes" ADD CONSTRAINT "volumes_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_id" ON "api_keys" USING btree ("id");--> statement-breakpoint
CREATE INDEX "container_networks_network" ON "container_networks" USING btree ("tenant_id","network_id");--> statement-breakpoint
CREATE INDEX "container_volumes_volume" ON "container_volumes" USING btree ("tenant_id","volume_name");--> statement-breakpoint
CREATE UNIQUE INDEX "containers_name" ON "containers" USING btree ("tenant_id","name") WHERE removed_at is null;--> statement-breakpoint
CREATE INDEX "containers_page" ON "containers" USING btree ("tenant_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE removed_at is null;--> statement-breakpoint
CREATE INDEX "containers_due" ON "containers" USING btree ("next_run_at") WHERE next_run_at is not null;--> statement-breakpoint
CREATE INDEX "containers_id" ON "containers" USING btree ("id");--> statement-breakpoint
CREATE INDEX "containers_tombstones" ON "containers" USING btree ("removed_at") WHERE removed_at is not null;--> statement-breakpoint
CREATE INDEX "containers_image" ON "containers" USING btree ("tenant_id","image_id") WHERE removed_at is null;--> statement-breakpoint
CREATE INDEX "events_age" ON "events" USING btree ("at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "image_tags_image" ON "image_tags" USING btree ("tenant_id","image_id");--> statement-breakpoint
CREATE INDEX "images_page" ON "images" USING btree ("tenant_id","pulled_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "networks_name" ON "networks" USING btree ("tenant_id","name");--> statement-breakpoint
CREATE INDEX "networks_page" ON "networks" USING btree ("tenant_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "operations_container" ON "operations" USING btree ("tenant_id","container_id","generation");--> statement-breakpoint
CREATE INDEX "operations_age" ON "operations" USING btree ("finished_at");--> statement-breakpoint
CREATE INDEX "runs_observed" ON "runs" USING btree ("observed_at") WHERE phase in ('running', 'paused');--> statement-breakpoint
CREATE UNIQUE INDEX "tenants_name" ON "tenants" USING btree ("name");--> statement-breakpoint
CREATE INDEX "tickets_hash" ON "tickets" USING btree ("secret_hash");--> statement-breakpoint
CREATE INDEX "tickets_expiry" ON "tickets" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "volumes_page" ON "volumes" USING btree ("tenant_id","created_at" DESC NULLS FIRST,"name" DESC NULLS FIRST);--> statement-breakpoint
CREATE POLICY "api_keys_tenant" ON "api_keys" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "api_keys_reconciler" ON "api_keys" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "container_networks_tenant" ON "container_networks" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "container_networks_reconciler" ON "container_networks" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "container_volumes_tenant" ON "container_volumes" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "container_volumes_reconciler" ON "container_volumes" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "containers_tenant" ON "containers" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "containers_reconciler" ON "containers" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "events_tenant" ON "events" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "events_reconciler" ON "events" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "idempotency_keys_tenant" ON "idempotency_keys" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "idempotency_keys_reconciler" ON "idempotency_keys" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "image_tags_tenant" ON "image_tags" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "image_tags_reconciler" ON "image_tags" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "image_tags_shared" ON "image_tags" AS PERMISSIVE FOR SELECT TO "longshore_app" USING (tenant_id = '00000000-0000-0000-0000-000000000000'::uuid);--> statement-breakpoint
CREATE POLICY "images_tenant" ON "images" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "images_reconciler" ON "images" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "images_shared" ON "images" AS PERMISSIVE FOR SELECT TO "longshore_app" USING (tenant_id = '00000000-0000-0000-0000-000000000000'::uuid);--> statement-breakpoint
CREATE POLICY "networks_tenant" ON "networks" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "networks_reconciler" ON "networks" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "operations_tenant" ON "operations" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "operations_reconciler" ON "operations" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "quotas_tenant" ON "quotas" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "quotas_reconciler" ON "quotas" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "rate_buckets_tenant" ON "rate_buckets" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "rate_buckets_reconciler" ON "rate_buckets" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "runs_tenant" ON "runs" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "runs_reconciler" ON "runs" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "tenant_heads_tenant" ON "tenant_heads" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "tenant_heads_reconciler" ON "tenant_heads" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "tickets_tenant" ON "tickets" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "tickets_reconciler" ON "tickets" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "volumes_tenant" ON "volumes" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "volumes_reconciler" ON "volumes" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);