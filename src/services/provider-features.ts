/** What the provider of this installation can do, in Docker's words. */
import type { Ctx, Deps } from '../context.ts';
import { containerSpec } from '../domain/container-spec.ts';
import type { Standing } from '../domain/feature.ts';
import { features, standingAt, tableOf } from '../domain/features.ts';
import type { Provider } from '../providers/provider.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { authorize } from './authorize.ts';

export interface ProviderDescription {
  name: Provider['name'];
  settings: Record<string, string | number | boolean>;
  features: { command: string; standing: Standing }[];
}

export async function describeProvider({ provider }: Deps, ctx: Ctx): Promise<ProviderDescription> {
  authorize(ctx.principal, 'read');
  const has = (member: string) => hasMember(provider, member);
  const settings = (await provider.settings?.(callOptions())) ?? {};
  const standings = features.map((feature) => ({
    command: feature.command,
    standing: standingAt(tableOf(provider.name), feature, has),
  }));
  return { name: provider.name, settings, features: standings };
}

const moved = containerSpec.parse({ image: 'any', ports: [{ containerPort: 80, hostPort: 8080 }] });

/** @param member a path into the port; `mounts.volume` and the like are types of mounts. */
export function hasMember(provider: Provider, member: string): boolean {
  const [outer = '', inner] = member.split('.');
  if (outer === 'mounts') {
    const types: readonly string[] = provider.features.mountTypes;
    return inner === 'bind' ? provider.hostPath !== undefined : types.includes(inner ?? '');
  }
  if (member === 'ports.moved') return provider.features.refusalOf?.(moved) == null;
  const found: unknown = Reflect.get(provider, outer);
  if (inner === undefined) return found !== undefined;
  return typeof found === 'object' && found !== null && Reflect.get(found, inner) !== undefined;
}
