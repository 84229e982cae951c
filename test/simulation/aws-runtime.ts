/** What the simulated tenants' commands do in a task: most run until stopped, some end by themselves at first, one cannot start. */
import { type FakeClock, pause } from '../aws-fake/clock.ts';
import { StartError } from '../aws-fake/runtime/runtime.ts';
import { type VirtualRuntime, virtualRuntime } from '../aws-fake/runtime/virtual.ts';

/** @param mostEnds so often commands end by themselves, all together; then they run on: a crash loop for ever would show nothing new */
export function scriptedRuntime(clock: FakeClock, mostEnds: number): VirtualRuntime {
  const runtime = virtualRuntime();
  let ends = 0;
  const { open } = runtime;
  runtime.stopExitCode = ({ plan }) => {
    const command = plan.command?.join(' ') ?? '';
    if (command.includes("trap ''")) return 137;
    return Number(/exit (\d+)' TERM/.exec(command)?.[1] ?? 143);
  };
  runtime.open = async (plan) => {
    const task = await open(plan);
    return {
      ...task,
      start: async (name) => {
        const command = plan.containers.find((each) => each.name === name)?.command?.join(' ') ?? '';
        if (command === 'missing') throw new StartError('exec: "missing": executable file not found in $PATH');
        const started = await task.start(name);
        const [, seconds, code = '0'] = /sleep (\d+)(?:; exit (\d+))?/.exec(command) ?? [];
        if (seconds !== undefined && ends < mostEnds) {
          ends += 1;
          clock.after(Number(seconds) * 1000, () => {
            for (const each of runtime.running) if (each.taskId === plan.taskId) each.end({ exitCode: Number(code) });
          });
        }
        return {
          ...started,
          stop: async (graceS) => {
            if (command.includes("trap ''")) await pause(clock, graceS * 1000);
            await started.stop(graceS);
          },
        };
      },
    };
  };
  return runtime;
}
