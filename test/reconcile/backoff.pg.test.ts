/** How often something is tried that goes wrong every time. Needs Postgres. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import { reconcileContainer } from '../../src/reconcile/step.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

let database: TestDatabase;
let deps: Deps;
let cannotStart = false;

beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(
    database.url,
    {},
    {
      before: async ({ name }) => {
        if (name === 'start' && cannotStart) throw new AppError('invalid', 'The command was not found in the image');
      },
      // It ended long ago, so that its restart policy waits no longer.
      answer: (_key, history) => {
        const seen = history.at(-1) ?? { kind: 'absent' };
        return seen.kind === 'present' && seen.phase === 'exited' ? { ...seen, finishedAt: new Date(0) } : seen;
      },
    },
  );
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

test('a restart by policy that cannot start is tried less and less often', async () => {
  const ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
  const spec = containerSpec.parse({ image: 'app', command: ['sleep', 'forever'], restart: 'always' });
  const { container } = await createContainer(deps, ctx, { name: 'broken', spec, start: true });
  const { providerKey: key, handle } = container.run;
  cannotStart = true;
  await deps.provider.kill({ key, handle }, 'KILL', { signal: AbortSignal.timeout(5000) });
  for (let tries = 1; tries <= 4; tries++) {
    await reconcileContainer(deps, container, 0);
    expect(await getContainer(deps, ctx, 'broken')).toMatchObject({ attempts: tries, run: { phase: 'exited' } });
  }
});
