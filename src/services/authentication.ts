/** From a credential to a principal. Look-ups are cached for less than the 5 s within which a revocation must act. */
import { timingSafeEqual } from 'node:crypto';
import type { Deps } from '../context.ts';
import { findCertificate } from '../db/certificates.ts';
import { type CredentialRecord, findKey, insertTicket, takeTicket } from '../db/keys.ts';
import { parseApiKey } from '../domain/api-key.ts';
import { isFingerprint } from '../domain/certificate.ts';
import { sha256 } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import type { Principal, TenantPrincipal } from '../domain/principal.ts';

const CACHE_MS = 4000;
const CACHE_ENTRIES = 10_000;
const TICKET_SECONDS = 30;

export interface Authenticator {
  /** Throws unauthenticated; the same for every way in which a key can be wrong. */
  byKey(key: string): Promise<Principal>;
  /** @param fingerprint SHA-256 in hex of a client certificate that our authority signed. Throws unauthenticated. */
  byCertificate(fingerprint: string): Promise<TenantPrincipal>;
  /** Whether a tenant's key or certificate still works; an outage of the database does not make it stop. */
  isLive(keyId: string): Promise<boolean>;
}

type Found = CredentialRecord & { secretHash?: string };

export function createAuthenticator(deps: Deps): Authenticator {
  const cache = new Map<string, { record: Promise<Found | null>; until: number }>();

  /** Requests that come while one looks up wait for its answer; a failed look-up is forgotten. */
  function lookUp(id: string): Promise<Found | null> {
    const now = deps.clock.now();
    const hit = cache.get(id);
    if (hit && hit.until > now) return hit.record;
    if (cache.size >= CACHE_ENTRIES) cache.clear();
    const entry = {
      record: isFingerprint(id) ? findCertificate(deps.db, id) : findKey(deps.db, id),
      until: now + CACHE_MS,
    };
    cache.set(id, entry);
    entry.record.catch(() => {
      entry.until = 0;
    });
    return entry.record;
  }

  return {
    async byKey(key) {
      const parsed = parseApiKey(key);
      if (!parsed) throw unauthenticated();
      if (deps.operatorKeyHash && sameHash(sha256(key), deps.operatorKeyHash)) return { kind: 'operator' };
      const record = await lookUp(parsed.id);
      if (!record?.secretHash || !sameHash(parsed.secretHash, record.secretHash)) throw unauthenticated();
      return holderOf(record);
    },
    async byCertificate(fingerprint) {
      const record = await lookUp(fingerprint);
      if (!record) throw new AppError('unauthenticated', 'The client certificate is unknown, revoked or expired');
      return holderOf(record);
    },
    async isLive(keyId) {
      try {
        return (await lookUp(keyId)) !== null;
      } catch (error) {
        deps.log.warn({ err: error }, 'a credential could not be looked up again; its streams stay open');
        return true;
      }
    },
  };
}

/** A stand-in for the caller's key in a URL, good for one connection within 30 s. */
export async function createTicket(
  deps: Deps,
  principal: TenantPrincipal,
): Promise<{ ticket: string; expiresInSeconds: number }> {
  const ticket = `lst_${Buffer.from(deps.ids.bytes(32)).toString('base64url')}`;
  const { tenantId, keyId, role } = principal;
  await insertTicket(deps.db, { tenantId, keyId, role, secretHash: sha256(ticket), seconds: TICKET_SECONDS });
  return { ticket, expiresInSeconds: TICKET_SECONDS };
}

/** Throws unauthenticated when it was used, is too old, or never was. */
export async function spendTicket(deps: Deps, ticket: string): Promise<TenantPrincipal> {
  const record = await takeTicket(deps.db, sha256(ticket));
  if (!record) throw new AppError('unauthenticated', 'The ticket is unknown, used or older than 30 seconds');
  return holderOf(record);
}

const holderOf = ({ tenantId, tenant, keyId, role }: CredentialRecord): TenantPrincipal => ({
  kind: 'tenant',
  tenantId,
  tenant,
  keyId,
  role,
});

function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function unauthenticated(): AppError {
  return new AppError('unauthenticated', 'Send a valid key: "Authorization: Bearer lsk_…"');
}
