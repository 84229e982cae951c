/** What tables are made of: the roles, the policies of every tenant table, and columns that look alike everywhere. */
import { sql } from 'drizzle-orm';
import { bigint, customType, pgPolicy, pgRole, timestamp, uuid } from 'drizzle-orm/pg-core';

const appRole = pgRole('longshore_app').existing();
const reconcilerRole = pgRole('longshore_reconciler').existing();

/** The tenant of this transaction; null outside of one, so that nothing matches (after a transaction the setting is ''). */
const currentTenant = sql`(select nullif(current_setting('app.tenant_id', true), '')::uuid)`;
const sharedTenant = sql`'00000000-0000-0000-0000-000000000000'::uuid`;

/** The two policies of every tenant table: the app sees one tenant, the reconciler all of them. */
export const tenantPolicies = (name: string) => [
  pgPolicy(`${name}_tenant`, {
    for: 'all',
    to: appRole,
    using: sql`tenant_id = ${currentTenant}`,
    withCheck: sql`tenant_id = ${currentTenant}`,
  }),
  pgPolicy(`${name}_reconciler`, { for: 'all', to: reconcilerRole, using: sql`true`, withCheck: sql`true` }),
];
/** Rows of the shared tenant are read by everyone. */
export const sharedPolicy = (name: string) =>
  pgPolicy(`${name}_shared`, { for: 'select', to: appRole, using: sql`tenant_id = ${sharedTenant}` });

/** Byte order, so that a prefix of an id is a range of the primary key. */
export const idText = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
export const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
export const bigNumber = (name: string) => bigint(name, { mode: 'number' });
export const tenantId = () => uuid('tenant_id').notNull();
export const createdAt = () => at('created_at').notNull().default(sql`longshore_now()`);
