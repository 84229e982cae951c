import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { purgeExpired } from '../../src/db/retention.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import type { ExecSpec } from '../../src/domain/exec.ts';
import { createContainer } from '../../src/services/containers.ts';
import { grantExec, reportExec, resumeExec } from '../../src/services/exec-access.ts';
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

describe('a command whose session its client speaks over itself', () => {
  const access = { streamUrl: 'wss://session.example', token: 'token' };
  const granting = (): Deps => ({
    ...deps,
    provider: {
      ...deps.provider,
      execAccess: async () => ({ ...access, sessionId: 'session', script: 'true', mark: 'mark' }),
      resumeExec: async () => access,
    },
  });
  async function granted() {
    const spec = containerSpec.parse({ image: 'app', command: ['sleep', '1000'] });
    const { container } = await createContainer(deps, ctx, { spec, start: true });
    const id = await createExec(deps, ctx, container.id, { command: ['true'], env: {}, stdin: false, tty: false });
    const { resume } = await grantExec(granting(), ctx, await getExec(deps, ctx, id));
    return { id, resume, exec: await getExec(deps, ctx, id) };
  }

  it('is resumed with what was granted, and with nothing else', async () => {
    const { exec, resume } = await granted();
    expect(await resumeExec(granting(), ctx, exec, resume)).toEqual(access);
    const seal = resume.slice('session.'.length);
    const others = [
      `other.${seal}`,
      seal,
      '',
      '.',
      `session.${seal.slice(1)}\u00e9`,
      `session.${'\u20ac'.repeat(seal.length)}`,
    ];
    for (const other of [...others, (await granted()).resume]) {
      await expect(resumeExec(granting(), ctx, exec, other)).rejects.toMatchObject({ code: 'invalid' });
    }
  });

  it('has ended as was said first, and once', async () => {
    const { id, exec } = await granted();
    await reportExec(deps, ctx, exec, 3);
    await reportExec(deps, ctx, exec, 0);
    expect(await getExec(deps, ctx, id)).toMatchObject({ state: 'exited', exitCode: 3 });
    using sql = closing(postgres({ ...connectionOptions(database.url), max: 1 }));
    expect(await sql.client`select from events where type = 'exec.ended' and data->>'execId' = ${id}`).toHaveLength(1);
  });

  it('is forgotten a month after its client has vanished, for as long as its container lives', async () => {
    const { id } = await granted();
    const hours = { events: 168, operations: 168, idempotency: 24, tombstones: 168 };
    using sql = closing(postgres({ ...connectionOptions(database.url), max: 1 }));
    await sql.client`update execs set created_at = created_at - interval '29 days' where id = ${id}`;
    await purgeExpired(deps.db, hours);
    expect(await stateOf(id)).toBe('running');
    await sql.client`update execs set created_at = created_at - interval '2 days' where id = ${id}`;
    await purgeExpired(deps.db, hours);
    await expect(stateOf(id)).rejects.toMatchObject({ code: 'not_found' });
  });
});

const closing = (client: postgres.Sql) => ({ client, [Symbol.dispose]: () => void client.end() });
