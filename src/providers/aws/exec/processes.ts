/**
 * The processes of a container, seen from inside it: signals to the command, all of them frozen and thawed, a list. The first
 * process is the init of the task; the agent of exec and this look itself are no processes of the container's.
 */
import { AppError, unless } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import type { Site } from '../site.ts';
import type { ExecTarget } from './exec.ts';
import { runScript } from './one-shot.ts';
import { processTable } from './process-table.ts';

/** Calls `each PID STATE` for every process of the container's own. `q_PID` are parents; ours have our oldest ancestor above them. */
const walk = [
  `parents() { for d in /proc/[0-9]*; do p=\${d#/proc/}; IFS= read -r l <"$d/stat" || continue`,
  `c=\${l#*(}; c=\${c%)*}; set -- \${l##*) }; eval "q_$p=$2 s_$p=$1"`,
  'case $c in amazon-ssm-agen*|ssm-agent-worke*|ssm-session-*) eval "a_$p=1";; *) eval "a_$p=";; esac; done 2>/dev/null; }',
  `ours() { t=$1; while [ "$t" != 0 ] && [ "$t" != "$own" ]; do eval "t=\\\${q_$t:-0}"; done; [ "$t" = "$own" ]; }`,
  `all() { parents; own=$$; while eval "t=\\\${q_$own:-0}; a=\\\${a_$t:-}"; [ "$t" -gt 1 ] && [ -z "$a" ]; do own=$t; done`,
  `for d in /proc/[0-9]*; do p=\${d#/proc/}; eval "s=\\\${s_$p:-} a=\\\${a_$p:-}"`,
  'if [ "$p" != 1 ] && [ -n "$s" ] && [ -z "$a" ] && ! ours "$p"; then each "$p" "$s"; fi; done; }',
].join('\n');

/** The command itself: what the init started. */
const command = ['f=; each() { eval "t=\\$q_$1"; if [ -z "$f" ] && [ "$t" = 1 ]; then f=$1; fi; }', walk, 'all'].join(
  '\n',
);

/** Throws invalid for a signal that the container does not know, conflict when there is no process. */
export async function signalCommand(
  site: Site,
  target: ExecTarget,
  signalName: string,
  options: CallOptions,
): Promise<void> {
  const script = `${command}\n[ -n "$f" ] || exit 3\nkill -"$1" "$f"`;
  const name = signalName.replace(/^SIG/, '');
  const run = runScript(site, target, { script, words: [name] }, options);
  // A signal that ends the container ends whoever sent it from inside, too: how it ended is observed, not told.
  const { code, stderr } = await unless(run, ['unavailable'], { code: 0, stderr: '' });
  if (code === 0) return;
  if (code === 3 || /no such process/i.test(stderr)) throw new AppError('conflict', 'The container does not run');
  throw new AppError('invalid', `The signal ${name} cannot be sent in this container`, { cause: new Error(stderr) });
}

/** Looked at again until nothing new is there: who is not stopped yet may start others. Repeatable. */
export async function freeze(site: Site, target: ExecTarget, options: CallOptions): Promise<void> {
  const each = 'each() { case $2 in T|t|Z|X) ;; *) kill -STOP "$1" 2>/dev/null && n=1;; esac; }';
  const rounds = 'for r in 1 2 3 4 5 6 7 8 9 10; do n=; all; [ -n "$n" ] || exit 0; done; exit 1';
  const { code } = await runScript(site, target, { script: [each, walk, rounds].join('\n') }, options);
  if (code !== 0) throw new AppError('unavailable', 'The processes of the container start faster than they are paused');
}

/** Repeatable. */
export async function thaw(site: Site, target: ExecTarget, options: CallOptions): Promise<void> {
  const each = 'each() { case $2 in T) kill -CONT "$1" 2>/dev/null;; esac; }';
  await runScript(site, target, { script: [each, walk, 'all'].join('\n') }, options);
}

const describe = [
  'each() { IFS= read -r l <"/proc/$1/stat" || return; echo "$l"; u=; g=',
  'while read -r k v w; do case $k in Uid:) u=$v;; Gid:) g=$v;; esac; done <"/proc/$1/status"',
  'echo "$u $g"; tr "\\000\\n" "  " <"/proc/$1/cmdline"; echo; }',
].join('\n');

/** @param psArguments as of ps: `-ef` when empty, `aux`, `-o` and columns. Throws invalid for others. */
export async function listProcesses(
  site: Site,
  target: ExecTarget,
  psArguments: string,
  options: CallOptions,
): Promise<{ titles: string[]; processes: string[][] }> {
  const table = processTable(psArguments);
  const users = 'echo --; while IFS=: read -r a b c d; do echo "$a $c"; done </etc/passwd';
  const machine =
    'while read -r k v w; do case $k in btime) echo "$k $v";; esac; done </proc/stat; read -r a b </proc/uptime; echo "up $a"; echo --';
  const script = [machine, describe, walk, 'all 2>/dev/null', users].join('\n');
  const { stdout } = await runScript(site, target, { script }, options);
  return table(stdout.toString());
}
