/** The passwords of `docker login`: GetAuthorizationToken's, each with the rights of who asked, and one of the fake itself. */
import { randomBytes } from 'node:crypto';
import type { FakeClock } from '../clock.ts';
import type { Identity } from '../identities.ts';

export interface RegistryLogin {
  account: string;
  region: string;
  /** Undefined for the fake itself, which may pull everything. */
  identity: Identity | undefined;
  expiresAtMs: number;
}

const lifeMs = 12 * 3_600_000;

export class RegistryLogins {
  private readonly known = new Map<string, RegistryLogin>();
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  /** A password of the user `AWS`. It ends with the session of who asked. */
  issue(account: string, region: string, identity?: Identity): { password: string; expiresAtMs: number } {
    const password = randomBytes(48).toString('base64url');
    const own = identity ? this.clock.now() + lifeMs : Number.POSITIVE_INFINITY;
    const expiresAtMs = Math.min(own, identity?.expiresAtMs ?? Number.POSITIVE_INFINITY);
    this.known.set(password, { account, region, identity, expiresAtMs });
    return { password, expiresAtMs };
  }

  /** @param authorization the header of that name */
  find(authorization = ''): RegistryLogin | undefined {
    const [kind, encoded = ''] = authorization.split(' ');
    const [user, password = ''] = Buffer.from(encoded, 'base64').toString().split(':');
    if (kind !== 'Basic' || user !== 'AWS') return undefined;
    const found = this.known.get(password);
    return found && found.expiresAtMs > this.clock.now() ? found : undefined;
  }
}
