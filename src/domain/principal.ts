/** Who is asking: a tenant's key, the operator, or Longshore itself. Carries no credential. */
export const roles = ['admin', 'viewer'] as const;
export type Role = (typeof roles)[number];

export interface TenantPrincipal {
  kind: 'tenant';
  tenantId: string;
  tenant: string;
  keyId: string;
  role: Role;
}

export interface OperatorPrincipal {
  kind: 'operator';
}

export type Principal = TenantPrincipal | OperatorPrincipal;

/** Owns the images that the operator shares with every tenant; a row of its own, never a login. */
export const SHARED_TENANT_ID = '00000000-0000-0000-0000-000000000000';

/** How an event and an operation name who caused them. */
export interface Actor {
  kind: 'key' | 'operator' | 'system';
  id: string;
}

export function actorOf(principal: Principal): Actor {
  return principal.kind === 'tenant' ? { kind: 'key', id: principal.keyId } : { kind: 'operator', id: 'operator' };
}

export const systemActor: Actor = { kind: 'system', id: 'longshore' };

export type Scope = 'read' | 'write';

/** Permission by role: a viewer reads, an admin does everything inside its own tenant. */
export function allows(role: Role, scope: Scope): boolean {
  return role === 'admin' || scope === 'read';
}
