DROP INDEX "operations_container";--> statement-breakpoint
CREATE INDEX "operations_page" ON "operations" USING btree ("tenant_id","container_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "operations_open" ON "operations" USING btree ("tenant_id","container_id") WHERE state = 'accepted';