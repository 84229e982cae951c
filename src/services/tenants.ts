/** Tenants and their keys: the operator's verbs. */
import type { Ctx, Deps } from '../context.ts';
import { spendOperatorKey } from '../db/idempotency.ts';
import { insertKey, type KeySummary, listKeys as readKeys, revokeKey as revoke } from '../db/keys.ts';
import { defaultNetworkRow } from '../db/networks.ts';
import { sqlState } from '../db/sql-state.ts';
import { withSystem } from '../db/tenancy.ts';
import { markTenantDeleting, removeContainersOf } from '../db/tenant-deletion.ts';
import { findTenant, insertTenant, listTenants as readTenants, setQuotas, type Tenant } from '../db/tenants.ts';
import { newApiKey } from '../domain/api-key.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { actorOf, type OperatorPrincipal, type Role } from '../domain/principal.ts';
import { DUE_TOPIC, SWEEP_TOPIC } from '../domain/wakeups.ts';
import { scheduled } from '../reconcile/schedule.ts';

export type { Tenant };

type OperatorCtx = Ctx<OperatorPrincipal>;
type QuotaLimits = Deps['limits']['quotas'];

/** Throws conflict when the name is taken. */
export async function createTenant(
  deps: Deps,
  ctx: OperatorCtx,
  input: { name: string; quotas: Partial<QuotaLimits> },
): Promise<Tenant> {
  const id = deps.ids.uuid();
  try {
    await withSystem(deps.db, 'the operator creates a tenant', async (tx) => {
      await spendOperatorKey(tx, ctx.claim, input.name);
      await insertTenant(tx, {
        id,
        name: input.name,
        limits: { ...deps.limits.quotas, ...input.quotas },
        defaultNetwork: defaultNetworkRow(deps.ids),
      });
    });
  } catch (error) {
    if (sqlState(error) === '23505')
      throw new AppError('conflict', `The tenant "${input.name}" exists already`, { cause: error });
    throw error;
  }
  return getTenant(deps, input.name);
}

export interface ListQuery {
  limit: number;
  cursor?: string | undefined;
}

export interface NamedPage<T> {
  items: T[];
  nextCursor: string | null;
}

/** By name; the cursor is the last name of the previous page. */
export async function listTenants(deps: Deps, query: ListQuery): Promise<NamedPage<Tenant>> {
  const found = await readTenants(deps.db, { after: query.cursor ?? null, limit: query.limit + 1 });
  return cut(found, query.limit, (tenant) => tenant.name);
}

function cut<T>(found: T[], limit: number, cursorOf: (item: T) => string): NamedPage<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > limit && last !== undefined ? cursorOf(last) : null };
}

export async function getTenant(deps: Deps, name: string): Promise<Tenant> {
  const tenant = await findTenant(deps.db, name);
  if (!tenant) throw notFound('tenant', name);
  return tenant;
}

/** A limit below what is used stops growth and takes nothing away. */
export async function changeQuotas(
  deps: Deps,
  _ctx: OperatorCtx,
  name: string,
  limits: Partial<QuotaLimits>,
): Promise<Tenant> {
  const tenant = await getTenant(deps, name);
  await withSystem(deps.db, 'the operator changes quotas', (tx) => setQuotas(tx, tenant.id, limits));
  return getTenant(deps, name);
}

/** Accepts the deletion: keys stop at once, everything it had goes with the sweeper, at the provider too. */
export async function deleteTenant(deps: Deps, ctx: OperatorCtx, name: string): Promise<void> {
  const tenant = await getTenant(deps, name);
  await scheduled(deps, () => markTenantDeleting(deps.db, tenant.id, deps.schedule !== null));
  await removeContainersOf(deps.db, tenant.id, actorOf(ctx.principal));
  deps.wakeups.wake(DUE_TOPIC);
  deps.wakeups.wake(SWEEP_TOPIC);
}

export interface NewKey {
  id: string;
  /** Shown once; only a hash of it stays. */
  key: string;
}

export async function createKey(
  deps: Deps,
  ctx: OperatorCtx,
  tenantName: string,
  input: { name: string; role: Role; expiresInDays?: number | undefined },
): Promise<NewKey> {
  const tenant = await getTenant(deps, tenantName);
  if (tenant.deletingAt) throw new AppError('conflict', `The tenant "${tenantName}" is being deleted`);
  const { id, key, secretHash } = newApiKey(deps.ids.bytes);
  const expiresAt =
    input.expiresInDays === undefined ? null : new Date(deps.clock.now() + input.expiresInDays * 86_400_000);
  await withSystem(deps.db, 'the operator creates a key', async (tx) => {
    await spendOperatorKey(tx, ctx.claim, id);
    await insertKey(tx, { tenantId: tenant.id, id, name: input.name, role: input.role, secretHash, expiresAt });
  });
  return { id, key };
}

/** Live keys by id; the cursor is the last id of the previous page. */
export async function listKeys(deps: Deps, tenantName: string, query: ListQuery): Promise<NamedPage<KeySummary>> {
  const { id } = await getTenant(deps, tenantName);
  const found = await readKeys(deps.db, id, { after: query.cursor ?? null, limit: query.limit + 1 });
  return cut(found, query.limit, (key) => key.id);
}

/** Ends within the cache time of authentication (4 s). */
export async function revokeKey(deps: Deps, tenantName: string, id: string): Promise<void> {
  const tenant = await getTenant(deps, tenantName);
  if (!(await revoke(deps.db, tenant.id, id))) throw notFound('key', id);
}
