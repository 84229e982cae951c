import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import type { ExecSpec } from '../../src/domain/exec.ts';
import { createContainer } from '../../src/services/containers.ts';
import { createExec, getExec, type LiveExecs, startExec } from '../../src/services/exec-records.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

let database: TestDatabase;
let deps: Deps;
let ctx: Ctx;
const live: LiveExecs = new Map();
beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(database.url);
  ctx = await tenantCtx(deps, 'acme');
  await pulled(deps, ctx, 'app');
});
afterAll(async () => {
  await deps?.db.close();
  await database?.close();
});

async function begun(command: string[], signal: AbortSignal) {
  const spec = containerSpec.parse({ image: 'app', command: ['sleep', '1000'] });
  const { container } = await createContainer(deps, ctx, { spec, start: true });
  const exec: ExecSpec = { command, env: {}, stdin: false, tty: false };
  const id = await createExec(deps, ctx, container.id, exec);
  return { id, session: await startExec(deps, ctx, await getExec(deps, ctx, id), live, signal) };
}
const stateOf = async (id: string) => (await getExec(deps, ctx, id)).state;

describe('the end of a command', () => {
  it('is in its record when its output has ended', async () => {
    const { id, session } = await begun(['sh', '-c', 'echo said; exit 7'], new AbortController().signal);
    let said = '';
    for await (const { data } of session.output) said += Buffer.from(data).toString();
    expect(said).toBe('said\n');
    expect(await getExec(deps, ctx, id)).toMatchObject({ state: 'exited', exitCode: 7 });
    expect(live.has(id)).toBe(false);
  });

  it('is recorded when its client left before it read anything', async () => {
    const client = new AbortController();
    const { id } = await begun(['sleep', '1000'], client.signal);
    expect(await stateOf(id)).toBe('running');
    client.abort();
    await expect.poll(() => stateOf(id)).toBe('exited');
    expect(live.has(id)).toBe(false);
  });

  it('is recorded when its client stopped reading', async () => {
    const { id, session } = await begun(['sh', '-c', 'echo said; sleep 1000'], new AbortController().signal);
    for await (const _ of session.output) break;
    await expect.poll(() => stateOf(id)).toBe('exited');
  });
});
