CREATE TABLE "request_buckets" (
	"name" text PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL,
	"bucket" jsonb NOT NULL
);
--> statement-breakpoint
-- Of the account, not of a tenant: no policy has anything to ask, and only the reconciler reads it.
GRANT SELECT, INSERT, UPDATE ON "request_buckets" TO "longshore_reconciler";
