/** The real composition over a test database and the memory provider, and contexts to call services with. */
import { type Config, parseConfig } from '../../src/config.ts';
import type { Ctx, Deps } from '../../src/context.ts';
import { buildDeps } from '../../src/deps.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { OperatorPrincipal, Role, TenantPrincipal } from '../../src/domain/principal.ts';
import type { Faults } from '../../src/providers/memory/faults.ts';
import { createMemoryProvider } from '../../src/providers/memory/memory.ts';
import { createTenant, getTenant } from '../../src/services/tenants.ts';

/** The caller closes `deps.db`. */
export async function testDeps(
  databaseUrl: string,
  settings: Partial<Record<keyof Config, string>> = {},
  faults: Faults = {},
): Promise<Deps> {
  const env = { LONGSHORE_PROVIDER: 'memory', LONGSHORE_LOG_LEVEL: 'silent', ...settings, DATABASE_URL: databaseUrl };
  const deps = await buildDeps(parseConfig(env));
  const provider = createMemoryProvider({ installId: 'test', clock: deps.clock, ids: deps.ids, faults });
  return { ...deps, provider };
}

/** Makes the tenant unless it is there, and answers a context of a key of it. */
export async function tenantCtx(deps: Deps, tenant: string, role: Role = 'admin'): Promise<Ctx> {
  const found = await getTenant(deps, tenant).catch((error) => {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    return createTenant(deps, operatorCtx(deps), { name: tenant, quotas: {} });
  });
  const principal: TenantPrincipal = { kind: 'tenant', tenantId: found.id, tenant, keyId: `key-of-${tenant}`, role };
  return contextOf(deps, principal);
}

export const operatorCtx = (deps: Deps): Ctx<OperatorPrincipal> => contextOf(deps, { kind: 'operator' });

const contextOf = <P extends TenantPrincipal | OperatorPrincipal>(deps: Deps, principal: P): Ctx<P> => ({
  principal,
  requestId: 'test',
  log: deps.log,
  signal: new AbortController().signal,
  claim: null,
});
