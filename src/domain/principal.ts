/** Who is asking: a tenant's key, the operator, or Longshore itself. Carries no credential. */
import { isFingerprint } from './certificate.ts';

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

export const actorKinds = ['key', 'certificate', 'operator', 'system'] as const;

/** How an event and an operation name who caused them. */
export interface Actor {
  kind: (typeof actorKinds)[number];
  id: string;
}

export function actorOf(principal: Principal): Actor {
  if (principal.kind === 'operator') return { kind: 'operator', id: 'operator' };
  return { kind: isFingerprint(principal.keyId) ? 'certificate' : 'key', id: principal.keyId };
}

export const systemActor: Actor = { kind: 'system', id: 'longshore' };

export type Scope = 'read' | 'write';

/** Permission by role: a viewer reads, an admin does everything inside its own tenant. */
export function allows(role: Role, scope: Scope): boolean {
  return role === 'admin' || scope === 'read';
}
