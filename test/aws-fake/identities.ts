/** Who may sign requests: long-lived access keys, and the sessions that STS gave out. */
import { randomBytes } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import type { FakeClock } from './clock.ts';
import { type Access, allows, type PolicyDocument } from './policies.ts';
import type { Signature } from './signing.ts';

export interface Identity {
  accessKeyId: string;
  secretAccessKey: string;
  account: string;
  arn: string;
  /** Of a session: what must come with its key. */
  sessionToken?: string;
  expiresAtMs?: number;
  /** Session tags, which policies see as `aws:PrincipalTag/…`. */
  tags?: Record<string, string>;
  /** Every one of them must allow a call; none means everything is allowed. */
  policies: PolicyDocument[];
}

export class Identities {
  private readonly known = new Map<string, Identity>();
  private readonly roles = new Map<string, PolicyDocument[]>();
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  add(identity: Identity): void {
    this.known.set(identity.accessKeyId, identity);
  }

  accountOf(accessKeyId: string): string | undefined {
    return this.known.get(accessKeyId)?.account;
  }

  /** What sessions of the role may do at most; a role that nothing is known of may do everything. */
  setRole(roleArn: string, policies: PolicyDocument[]): void {
    this.roles.set(roleArn, policies);
  }

  roleAllows(roleArn: string, access: Access): boolean {
    return this.policiesOfRole(roleArn).every((policy) => allows(policy, access));
  }

  policiesOfRole(roleArn: string): PolicyDocument[] {
    return this.roles.get(roleArn) ?? [];
  }

  /** Keys of a session of a role, which may do what both the role and the session's policy allow. */
  openSession(
    roleArn: string,
    name: string,
    seconds: number,
    policies: PolicyDocument[],
    tags = {},
  ): Required<Identity> {
    const [, , , , account = '', path = ''] = roleArn.split(':');
    const identity = {
      accessKeyId: `ASIA${randomBytes(10).toString('hex').slice(0, 16).toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
      account,
      arn: `arn:aws:sts::${account}:assumed-role/${path.split('/').at(-1)}/${name}`,
      expiresAtMs: this.clock.now() + seconds * 1000,
      policies,
      tags,
    };
    this.add(identity);
    return identity;
  }

  /** The identity of a signed request's key; throws as AWS does for one it does not know or whose session is over. */
  find({ accessKeyId, sessionToken }: Pick<Signature, 'accessKeyId' | 'sessionToken'>): Identity {
    const identity = this.known.get(accessKeyId);
    if (!identity || identity.sessionToken !== sessionToken) {
      throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.', 403);
    }
    if (identity.expiresAtMs !== undefined && identity.expiresAtMs <= this.clock.now()) {
      throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired', 403);
    }
    return identity;
  }

  /** Throws AccessDeniedException, with the action's name, unless all of the identity's policies allow it. */
  authorize(identity: Identity, access: Access): void {
    const tags = Object.entries(identity.tags ?? {}).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]);
    const whole = { ...access, context: { ...Object.fromEntries(tags), ...access.context } };
    if (!identity.policies.every((policy) => allows(policy, whole))) throw denied(identity, access);
  }
}

export function denied({ arn }: Pick<Identity, 'arn'>, { action, resource }: Pick<Access, 'action' | 'resource'>) {
  const because = `because no identity-based policy allows the ${action} action`;
  const text = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${because}`;
  return new AwsError('AccessDeniedException', text, 403);
}
