/** The processes of a task's container: listed, signalled, frozen and thawed, from inside. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ExecTarget } from '../../../../src/providers/aws/exec/exec.ts';
import { runScript } from '../../../../src/providers/aws/exec/one-shot.ts';
import { freeze, listProcesses, signalCommand, thaw } from '../../../../src/providers/aws/exec/processes.ts';
import { type EngineBench, region, startEngineBench } from '../../../aws-fake/runtime/engine-bench.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { awsSite, type TestSite } from '../aws-site.ts';
import { startTarget } from './exec-bench.ts';

let bench: EngineBench;
let site: TestSite;

beforeAll(async () => {
  bench = await startEngineBench();
  site = awsSite(bench.fake, region);
});
afterEach(() => {
  expect({ failures: bench.fake.failures, violations: bench.fake.violations }).toEqual({
    failures: [],
    violations: [],
  });
});
afterAll(() => bench.fake.close());

const within = (seconds = 60) => ({ signal: AbortSignal.timeout(seconds * 1000) });
const start = (command: string[]) => startTarget(bench, { command, linuxParameters: { initProcessEnabled: true } });
const exitCode = async ({ taskArn }: ExecTarget) => (await bench.reach(taskArn, 'STOPPED')).containers?.[0]?.exitCode;

test('the list has the processes of the container and none of ours', async () => {
  const target = await start(['sh', '-c', 'sleep 4243 & exec sleep 4242']);
  const list = (psArguments: string) => listProcesses(site, target, psArguments, within());
  const { titles, processes } = await waitFor(async () => {
    const seen = await list('');
    return seen.processes.length === 2 && seen;
  });
  expect(titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  const words = processes.map((process) => process.at(-1)).sort();
  expect(words).toEqual(['sleep 4242', 'sleep 4243']);
  expect(processes.map(([user]) => user)).toEqual(['root', 'root']);
  expect(await list('-o pid,args')).toMatchObject({ titles: ['PID', 'COMMAND'], processes: [{ length: 2 }, {}] });
  expect((await list('aux')).titles).toContain('%CPU');
  await expect(list('-o nothing')).rejects.toMatchObject({ code: 'invalid' });
});

test('a signal reaches the command, and one that nobody knows is invalid', async () => {
  const trapping = await start(['sh', '-c', "trap 'exit 42' USR1; while true; do sleep 0.1; done"]);
  await expect(signalCommand(site, trapping, 'NONSENSE', within())).rejects.toMatchObject({ code: 'invalid' });
  await signalCommand(site, trapping, 'SIGUSR1', within());
  expect(await exitCode(trapping)).toBe(42);
  const deaf = await start(['sh', '-c', "trap '' TERM; while true; do sleep 0.1; done"]);
  await signalCommand(site, deaf, 'KILL', within());
  expect(await exitCode(deaf)).toBe(137);
});

test('what is frozen does nothing until it is thawed, and can be looked into meanwhile', async () => {
  const target = await start(['sh', '-c', 'while true; do echo x >> /tmp/count; sleep 0.05; done']);
  const count = async () =>
    (await runScript(site, target, { script: 'wc -l < /tmp/count' }, within())).stdout.toString();
  const states = async () =>
    (await listProcesses(site, target, '-o s', within())).processes.flatMap(([state = '']) =>
      state === 'Z' ? [] : state,
    );
  await waitFor(async () => Number(await count()) > 0);
  await freeze(site, target, within());
  await freeze(site, target, within());
  expect(new Set(await states())).toEqual(new Set(['T']));
  const frozen = await count();
  expect(await count()).toBe(frozen);
  await thaw(site, target, within());
  await thaw(site, target, within());
  await waitFor(async () => (await count()) !== frozen);
  expect(await states()).not.toContain('T');
});
