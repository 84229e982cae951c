/** The whole HTTP surface: both doors in what surrounds them. */
import type { Hono } from 'hono';
import type { Deps } from '../context.ts';
import { type Admission, createAdmission } from './admission.ts';
import { createDockerDoor, type DockerDoor } from './docker/app.ts';
import type { Environment } from './environment.ts';
import { addRest } from './rest.ts';
import { surroundings } from './surroundings.ts';

export function createApp(
  deps: Deps,
  admission: Admission = createAdmission(deps),
  door: DockerDoor = createDockerDoor(deps, admission),
): Hono<Environment> {
  return addRest(surroundings(deps).use('*', door.middleware), deps, admission);
}
