/** The host's paths among a spec's mounts, as they are when it is accepted. */
import type { Ctx, Deps } from '../context.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { AppError } from '../domain/errors.ts';
import { permittedPath } from '../reconcile/binds.ts';
import { callOptions } from '../reconcile/provider-call.ts';

/** With every symbolic link resolved, so that a later swap shows. Throws forbidden or unsupported naming the mount. */
export async function resolveBinds(deps: Deps, ctx: Ctx, spec: ContainerSpec): Promise<ContainerSpec> {
  const mounts = spec.mounts.map(async (mount, position) => {
    if (mount.type !== 'bind') return mount;
    try {
      return { ...mount, source: await permittedPath(deps, ctx.principal.tenant, mount.source, callOptions()) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const path = `mounts.${position}`;
      throw new AppError(error.code, `${path}: ${error.message}`, {
        details: { fields: [{ path, message: error.message }] },
        cause: error,
      });
    }
  });
  return { ...spec, mounts: await Promise.all(mounts) };
}
