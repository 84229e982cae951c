/** The doors of the API as a function has them: each is loaded with the first request for it, and most instances see one of them only. */
import type { Hono } from 'hono';
import { createAdmission } from '../api/admission.ts';
import { parseDockerPath } from '../api/docker/paths.ts';
import type { Environment } from '../api/environment.ts';
import { surroundings } from '../api/surroundings.ts';
import type { Deps } from '../context.ts';
import { once } from './function-deps.ts';

/** The app that has the target. */
export type Doors = (target: string) => Promise<Hono<Environment>>;

export function openDoors(deps: Deps): Doors {
  const admission = createAdmission(deps);
  const docker = once(async () => {
    const { createDockerDoor } = await import('../api/docker/app.ts');
    return surroundings(deps).use('*', createDockerDoor(deps, admission).middleware);
  });
  const rest = once(async () => {
    const { addRest } = await import('../api/rest.ts');
    return addRest(surroundings(deps), deps, admission);
  });
  return (target) => (parseDockerPath(target) ? docker() : rest());
}
