/** A provider that shows for a while as running what it has ended already, as ECS does. Needs Postgres. */
import { expect, test } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import { reconcileContainer } from '../../src/reconcile/step.ts';
import { stopContainer } from '../../src/services/container-verbs.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

/** Starts a container that a KILL alone ends. */
async function stubborn(deps: Deps): Promise<Ctx> {
  const ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
  const spec = containerSpec.parse({
    image: 'app',
    command: ['sh', '-c', "trap '' USR1; sleep 600"],
    stop: { graceSeconds: 0 },
  });
  await createContainer(deps, ctx, { name: 'late', spec, start: true });
  return ctx;
}

test('a stop whose KILL is refused by what has ended waits until that is seen, and fails nothing', async () => {
  let kills = 0;
  const database = await testDatabase();
  const deps = await testDeps(
    database.url,
    {},
    {
      before: async ({ name }) => {
        if (name === 'kill') kills++;
      },
      answer: (_key, history) => {
        const running = history.findLast((seen) => seen.kind === 'present' && seen.phase === 'running');
        return (kills > 0 && kills < 8 && running) || (history.at(-1) ?? { kind: 'absent' });
      },
    },
  );
  try {
    const ctx = await stubborn(deps);
    const { container, converged } = await stopContainer(deps, ctx, 'late', { signal: 'USR1' });
    expect({ converged, phase: container.run.phase, exitCode: container.run.exitCode }).toEqual({
      converged: true,
      phase: 'exited',
      exitCode: 137,
    });
    expect(kills).toBe(8);
  } finally {
    await deps.db.close();
    await database.close();
  }
});

test('a KILL that the provider fails to send is told, and tried again later and later', async () => {
  const database = await testDatabase();
  const deps = await testDeps(
    database.url,
    {},
    {
      before: async ({ name }) => {
        if (name === 'kill') throw new AppError('forbidden', 'no permission to end it');
      },
    },
  );
  try {
    const ctx = await stubborn(deps);
    await expect(stopContainer(deps, ctx, 'late', { signal: 'USR1' })).rejects.toThrow('no permission to end it');
    const { id, tenantId } = await getContainer(deps, ctx, 'late');
    const attempts: number[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const outcome = await reconcileContainer(deps, { tenantId, id }, 0);
      expect(outcome?.failure).toMatchObject({ code: 'forbidden' });
      const seen = await getContainer(deps, ctx, 'late');
      expect(seen.lastError).toMatchObject({ message: 'no permission to end it' });
      attempts.push(seen.attempts);
    }
    expect(attempts[1]).toBe((attempts[0] ?? 0) + 1);
  } finally {
    await deps.db.close();
    await database.close();
  }
});
