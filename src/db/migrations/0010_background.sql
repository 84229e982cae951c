CREATE TABLE "run_hints" (
	"tenant_id" uuid NOT NULL,
	"container_id" text collate "C" NOT NULL,
	"incarnation" integer NOT NULL,
	"version" bigint NOT NULL,
	CONSTRAINT "run_hints_tenant_id_container_id_incarnation_pk" PRIMARY KEY("tenant_id","container_id","incarnation")
);
--> statement-breakpoint
ALTER TABLE "run_hints" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "schedule" (
	"id" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"state" text NOT NULL,
	"version" bigint NOT NULL,
	"changed_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	"heard_at" timestamp with time zone DEFAULT longshore_now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sweep_turns" (
	"part" text PRIMARY KEY NOT NULL,
	"begun_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "run_hints" ADD CONSTRAINT "run_hints_tenant_id_container_id_incarnation_runs_tenant_id_container_id_incarnation_fk" FOREIGN KEY ("tenant_id","container_id","incarnation") REFERENCES "public"."runs"("tenant_id","container_id","incarnation") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE POLICY "run_hints_tenant" ON "run_hints" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "run_hints_reconciler" ON "run_hints" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "run_hints" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
-- Only the reconciler hears events, decides about the schedule and sweeps.
GRANT SELECT, INSERT, UPDATE, DELETE ON "run_hints" TO "longshore_reconciler";
--> statement-breakpoint
GRANT SELECT, UPDATE ON "schedule" TO "longshore_reconciler";
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "sweep_turns" TO "longshore_reconciler";
--> statement-breakpoint
-- A tenant's statement accepts work only while somebody is awake to carry it on.
GRANT SELECT ("state", "heard_at") ON "schedule" TO "longshore_app";
--> statement-breakpoint
INSERT INTO "schedule" ("state", "version") VALUES ('off', 0);
