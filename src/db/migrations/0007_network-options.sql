ALTER TABLE "networks" ADD COLUMN "attachable" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "networks" ADD COLUMN "ipam" jsonb;