/**
 * Mounts of the host's paths, which are allowed below granted folders only. They are looked at when a container is accepted, and
 * again right before it is made and before each start: whoever writes into a granted folder can swap what is in it.
 */
import type { Deps } from '../context.ts';
import { tenantName } from '../db/tenants.ts';
import { isWithin } from '../domain/bind-grant.ts';
import type { Container } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import { lacking, neverHas } from '../domain/features.ts';
import type { CallOptions } from '../providers/provider.ts';

/**
 * Where the path leads, every symbolic link resolved. Throws forbidden where it leads out of what the tenant was granted, and
 * with the same words where there is nothing: what the host has elsewhere is not told.
 */
export async function permittedPath(
  { provider, limits }: Pick<Deps, 'provider' | 'limits'>,
  tenant: string,
  path: string,
  options: CallOptions,
): Promise<string> {
  if (neverHas(provider.name, 'mounts.bind')) throw lacking(provider.name, 'mounts.bind');
  const granted = limits.binds.filter((grant) => grant.tenant === tenant);
  if (granted.length === 0) {
    throw new AppError(
      'forbidden',
      'paths of the host cannot be mounted; use a volume (type "volume") instead, or copy files into the container',
    );
  }
  if (!provider.hostPath) throw lacking(provider.name, 'mounts.bind');
  const refusal = new AppError('forbidden', `${path} is not a path below a folder that the operator allows`);
  for (const { path: folder } of granted) {
    if (!isWithin(path, folder)) continue;
    const [real, root] = await Promise.all([provider.hostPath(path, options), provider.hostPath(folder, options)]);
    if (real !== null && root !== null && isWithin(real, root)) return real;
  }
  throw refusal;
}

/** Throws forbidden when a path that the container was accepted with leads elsewhere now, or is no longer granted. */
export async function recheckBinds(
  deps: Pick<Deps, 'provider' | 'limits' | 'db'>,
  { tenantId, spec }: Pick<Container, 'tenantId' | 'spec'>,
  options: CallOptions,
): Promise<void> {
  const binds = spec.mounts.filter((mount) => mount.type === 'bind');
  if (binds.length === 0) return;
  const tenant = await tenantName(deps.db, tenantId);
  for (const { source } of binds) {
    if ((await permittedPath(deps, tenant ?? '', source, options)) !== source) {
      throw new AppError('forbidden', `${source} is no longer the folder that it was`);
    }
  }
}
