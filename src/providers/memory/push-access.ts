/** A password for a registry of this provider's own, which, like all registries that it knows, is none that anybody can reach. */
import type { Clock, Ids } from '../../domain/clock.ts';
import type { PushAccess, PushAccessInput } from '../provider.ts';

const registry = 'memory.example';
const lifeMs = 3_600_000;

export function pushAccess(
  { clock, ids }: { clock: Clock; ids: Ids },
  { tenantId, repositories }: PushAccessInput,
): PushAccess {
  return {
    ...{ registry, username: 'tenant', password: ids.hex64(), expiresAt: new Date(clock.now() + lifeMs) },
    repositories: repositories.map((name) => `${registry}/${tenantId}/${name}`),
  };
}
