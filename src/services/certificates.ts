/** Client certificates of a tenant: asked for with a request of the holder's, listed, revoked. By its admins or the operator. */
import type { Ctx, Deps } from '../context.ts';
import {
  type CertificateRecord,
  insertCertificate,
  listCertificates as readCertificates,
  recallCertificate as recall,
  revokeCertificate as revoke,
} from '../db/certificates.ts';
import type { Page } from '../db/paging.ts';
import type { CertificateAuthority } from '../domain/certificate.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { actorOf, type OperatorPrincipal, type Role, type TenantPrincipal } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import { authorize } from './authorize.ts';
import { getTenant } from './tenants.ts';

export type { CertificateRecord };

type AnyCtx = Ctx<TenantPrincipal | OperatorPrincipal>;

export interface CertificateInput {
  name: string;
  role: Role;
  /** PKCS #10 in PEM. */
  csr: string;
  days: number;
}

const DAY = 86_400_000;
/** For clients whose clocks are late. */
const BACKDATED = 300_000;

/** Throws invalid for a request that is none or has a weak key, conflict, limit, and unsupported without an authority. */
export async function issueCertificate(
  deps: Deps,
  ctx: AnyCtx,
  tenant: CertificateTenant,
  input: CertificateInput,
): Promise<CertificateRecord> {
  requireAdmin(ctx);
  if (tenant.deleting) throw new AppError('conflict', `The tenant "${tenant.name}" is being deleted`);
  // Whole seconds, which is all that a certificate can say.
  const now = Math.floor(deps.clock.now() / 1000) * 1000;
  const issued = authorityOf(deps).issue(input.csr, {
    tenant: tenant.name,
    name: input.name,
    serial: deps.ids.bytes(16),
    notBefore: new Date(now - BACKDATED),
    notAfter: new Date(now + input.days * DAY),
  });
  const { fingerprint: id, ...rest } = issued;
  const certificate = { ...rest, id, name: input.name, role: input.role };
  const actor = actorOf(ctx.principal);
  await insertCertificate(deps.db, { tenantId: tenant.id, certificate, actor, claim: ctx.claim });
  deps.wakeups.wake(eventsTopic(tenant.id));
  return recallCertificate(deps, tenant, id);
}

/** The certificate that clients trust. Throws unsupported without one. */
export function authorityOf({ authority }: Deps): CertificateAuthority {
  if (authority) return authority;
  const message =
    'There is no certificate authority here: the operator must set LONGSHORE_CA_CERT and LONGSHORE_CA_KEY';
  throw new AppError('unsupported', message);
}

/** Good ones, newest first; one more than the page's limit when there are more. */
export function listCertificates(deps: Deps, tenant: CertificateTenant, page: Page): Promise<CertificateRecord[]> {
  return readCertificates(deps.db, tenant.id, page);
}

/** Also one that is not good any more. Throws not_found. */
export async function recallCertificate(deps: Deps, tenant: CertificateTenant, id: string): Promise<CertificateRecord> {
  const found = await recall(deps.db, tenant.id, id);
  if (!found) throw notFound('certificate', id);
  return found;
}

/** Ends within the cache time of authentication (4 s), streams that it opened included. Throws not_found. */
export async function revokeCertificate(deps: Deps, ctx: AnyCtx, tenant: CertificateTenant, id: string): Promise<void> {
  requireAdmin(ctx);
  if (!(await revoke(deps.db, tenant.id, id, actorOf(ctx.principal)))) throw notFound('certificate', id);
  deps.wakeups.wake(eventsTopic(tenant.id));
}

/** Whose certificates they are. */
export interface CertificateTenant {
  id: string;
  name: string;
  deleting: boolean;
}

export function ownTenant({ principal }: Ctx): CertificateTenant {
  return { id: principal.tenantId, name: principal.tenant, deleting: false };
}

/** For the operator. Throws not_found. */
export async function tenantNamed(deps: Deps, name: string): Promise<CertificateTenant> {
  const { id, deletingAt } = await getTenant(deps, name);
  return { id, name, deleting: deletingAt !== null };
}

function requireAdmin({ principal }: AnyCtx): void {
  if (principal.kind === 'tenant') authorize(principal, 'write');
}
