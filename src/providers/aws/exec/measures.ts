/**
 * What a container uses, as it reads it in its own control group and /proc: one report a second for as long as somebody listens. Its
 * looker is a process of the container and counts as one.
 */
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions, StatsSample } from '../../provider.ts';
import type { Site } from '../site.ts';
import type { ExecTarget } from './exec.ts';
import { type Report, sampleOf } from './measured.ts';
import { openScript } from './one-shot.ts';

/** The same in both versions of control groups: where it is and what we call it. */
const files: readonly [name: string, path: string][] = [
  ['cpu', '/sys/fs/cgroup/cpu.stat'],
  ['cpu1', '/sys/fs/cgroup/cpuacct/cpuacct.usage'],
  ['split1', '/sys/fs/cgroup/cpuacct/cpuacct.stat'],
  ['memory', '/sys/fs/cgroup/memory.current'],
  ['memory', '/sys/fs/cgroup/memory/memory.usage_in_bytes'],
  ['limit', '/sys/fs/cgroup/memory.max'],
  ['limit', '/sys/fs/cgroup/memory/memory.limit_in_bytes'],
  ['cache', '/sys/fs/cgroup/memory.stat'],
  ['cache', '/sys/fs/cgroup/memory/memory.stat'],
  ['pids', '/sys/fs/cgroup/pids.current'],
  ['pids', '/sys/fs/cgroup/pids/pids.current'],
  ['most', '/sys/fs/cgroup/pids.max'],
  ['most', '/sys/fs/cgroup/pids/pids.max'],
  ['io', '/sys/fs/cgroup/io.stat'],
  ['io1', '/sys/fs/cgroup/blkio/blkio.throttle.io_service_bytes'],
  ['machine', '/proc/stat'],
  ['ram', '/proc/meminfo'],
  ['net', '/proc/net/dev'],
];
const reportEnd = 'end';

/** With nothing but the shell and sleep. */
const report = [
  'r() { if [ -r "$2" ]; then while IFS= read -r l; do printf "%s %s\\n" "$1" "$l"; done <"$2"; fi; }',
  // Who asks once waits for two of them, and clients not for long.
  's=0.3; while :; do',
  ...files.map(([name, path]) => `r ${name} ${path}`),
  `echo ${reportEnd}; sleep $s || sleep 1 || exit 1; s=1`,
  'done 2>/dev/null',
].join('\n');

/** The first sample needs two reports. Ends with the container, and with the signal, without an error. */
export async function* measure(
  site: Site,
  target: ExecTarget,
  options: CallOptions,
): AsyncGenerator<StatsSample, void, void> {
  const session = await openScript(site, target, { script: report }, options);
  let before: Report | null = null;
  try {
    for await (const lines of reportsOf(session.output)) {
      const now: Report = { at: new Date(site.clock.now()), lines };
      if (before) yield sampleOf(now, before);
      before = now;
    }
  } finally {
    session.close();
  }
}

/** Of one report. */
const maxBytes = 256 * 1024;

async function* reportsOf(
  output: AsyncIterable<{ stream: string; data: Uint8Array }>,
): AsyncGenerator<string[], void, void> {
  let text = '';
  for await (const { data } of output) {
    text += Buffer.from(data).toString('latin1');
    for (let at = text.indexOf(`${reportEnd}\n`); at >= 0; at = text.indexOf(`${reportEnd}\n`)) {
      yield text.slice(0, at).split('\n');
      text = text.slice(at + reportEnd.length + 1);
    }
    if (text.length > maxBytes) throw new AppError('unavailable', 'The container measures itself without end');
  }
}
