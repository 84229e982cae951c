-- What the schema needs before its first table: the one source of time, and the two roles that policies name.
-- Milliseconds, so that a time survives the trip through JavaScript and back into a cursor. Only tests replace it: that needs
-- the owner's rights.
CREATE FUNCTION longshore_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT date_trunc('milliseconds', now())$$;
--> statement-breakpoint
DO $$
BEGIN
  -- Roles belong to the cluster: another database of it may have made them, or be making them right now.
  PERFORM pg_advisory_xact_lock(7070001);
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'longshore_app') THEN
    CREATE ROLE longshore_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'longshore_reconciler') THEN
    CREATE ROLE longshore_reconciler LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  -- Who makes a role may not assume it yet, unless it is a superuser: the processes that log in as this owner have to.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    GRANT longshore_app, longshore_reconciler TO CURRENT_USER;
  END IF;
END $$;
--> statement-breakpoint
-- Bounds that no session can forget: a stuck statement or an abandoned transaction ends by itself.
ALTER ROLE longshore_app SET statement_timeout = '5s';
--> statement-breakpoint
ALTER ROLE longshore_app SET idle_in_transaction_session_timeout = '10s';
--> statement-breakpoint
ALTER ROLE longshore_reconciler SET statement_timeout = '30s';
--> statement-breakpoint
ALTER ROLE longshore_reconciler SET idle_in_transaction_session_timeout = '10s';
