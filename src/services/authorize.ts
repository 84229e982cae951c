/** The first line of every verb: may this principal do this at all? */
import { AppError } from '../domain/errors.ts';
import { allows, type Scope, type TenantPrincipal } from '../domain/principal.ts';

/** Throws forbidden, naming the role that would do. */
export function authorize(principal: TenantPrincipal, scope: Scope): void {
  if (!allows(principal.role, scope)) {
    throw new AppError(
      'forbidden',
      `A key with the role "${principal.role}" may not change anything; use an admin key`,
    );
  }
}
