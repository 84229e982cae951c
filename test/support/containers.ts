/** Containers made through the API. */
import type { TestApp } from './app.ts';

/** Creates and starts one as tenant a's admin; answers its id. @param more further members of the body */
export async function startContainer(
  app: TestApp,
  command: readonly string[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const body = { image: app.image, command, start: true, ...more };
  return (await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', body)).id;
}
