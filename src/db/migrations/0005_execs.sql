CREATE TABLE "execs" (
	"tenant_id" uuid NOT NULL,
	"id" text collate "C" NOT NULL,
	"container_id" text collate "C" NOT NULL,
	"spec" jsonb NOT NULL,
	"state" text DEFAULT 'created' NOT NULL,
	"exit_code" integer,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	CONSTRAINT "execs_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "execs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "execs" ADD CONSTRAINT "execs_tenant_id_container_id_containers_tenant_id_id_fk" FOREIGN KEY ("tenant_id","container_id") REFERENCES "public"."containers"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "execs_container" ON "execs" USING btree ("tenant_id","container_id");--> statement-breakpoint
CREATE INDEX "execs_age" ON "execs" USING btree ("created_at");--> statement-breakpoint
CREATE POLICY "execs_tenant" ON "execs" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "execs_reconciler" ON "execs" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "execs" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "execs" TO longshore_app;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "execs" TO longshore_reconciler;
