CREATE TABLE "certificates" (
	"tenant_id" uuid NOT NULL,
	"id" text collate "C" NOT NULL,
	"serial" text NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"pem" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT longshore_now() NOT NULL,
	"not_after" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	CONSTRAINT "certificates_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "certificates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "certificates" ADD CONSTRAINT "certificates_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "certificates_id" ON "certificates" USING btree ("id");--> statement-breakpoint
CREATE INDEX "certificates_end" ON "certificates" USING btree ("not_after");--> statement-breakpoint
CREATE POLICY "certificates_tenant" ON "certificates" AS PERMISSIVE FOR ALL TO "longshore_app" USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "certificates_reconciler" ON "certificates" AS PERMISSIVE FOR ALL TO "longshore_reconciler" USING (true) WITH CHECK (true);--> statement-breakpoint
ALTER TABLE "certificates" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "certificates" TO "longshore_reconciler";--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ("revoked_at") ON "certificates" TO "longshore_app";
