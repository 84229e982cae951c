/**
 * What runs in the container around a command. Session Manager knows one terminal and nothing else, so a shell there keeps the
 * streams apart, gives the input an end and tells the exit code. Pure: text in, text out.
 *
 * The agent starts `listener`, the same for every command: nothing of a tenant is in a request that AWS records. It makes the
 * terminal raw, says that it listens, and then reads the script that it is to run. What the script tells us comes as notices
 * between the bytes of the command (notices.ts), marked by a word that only this session knows.
 */
import type { ExecSpec } from '../domain/exec.ts';

/** Comes out when the listener waits for its script. It is not in the command's own text. */
export const listening = Buffer.from('\u0001longshore listens\u0002');
/** Comes out when there is no program to set the terminal with. */
export const noTerminal = Buffer.from('\u0001longshore lacks stty\u0002');

/** For a shell, and for the words that the agent splits a command into. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const listen = [
  't=$(stty -g 2>/dev/null) || { printf "\\001longshore lacks stty\\002"; exit 1; }',
  `stty raw -echo; printf "\\001longshore listens\\002"; s=; n=$(printf "\\n_"); n=\${n%_}; read -r c`,
  'while [ "$c" -gt 0 ]; do IFS= read -r l; s="$s$l$n"; c=$((c-1)); done; eval "$s"',
].join('; ');

/** The command for the agent, which runs no shell of its own. */
export const listener = `sh -c ${quoted(listen)}`;

/** A script as the listener reads it: the number of its lines, then these. */
export function spoken(script: string): Buffer {
  return Buffer.from(`${script.split('\n').length}\n${script}\n`);
}

/** What a process is by default, as the container's specification has it. */
export interface ExecDefaults {
  user: string;
  workdir: string;
}

/** Control characters of a terminal that passes every byte on, yet can say that the input ends (terminal-input.ts). */
const inputTerminal =
  'stty icanon iexten -isig -echo eof ^D lnext ^V erase undef kill undef werase undef rprnt undef eol undef eol2 undef';

const plainTools = ['dd', 'base64', 'tr', 'cat'];

/** @param mark of the notices, without anything that a shell reads */
export function scriptFor(spec: ExecSpec, defaults: ExecDefaults, mark: string): string {
  const user = spec.user || defaults.user;
  const lines = [`m=${mark}`, ...(spec.tty ? [] : plainTools.map(demand)), ...becoming(user)];
  const command = commandLine(spec, spec.workdir || defaults.workdir || '/', isRoot(user));
  return [...lines, ...(spec.tty ? onTerminal(command) : onPipes(command, spec.stdin))].join('\n');
}

const demand = (tool: string): string =>
  `command -v ${tool} >/dev/null || { printf '%sR%s;' "$m" ${quoted(`The image lacks ${tool}, which a command without a terminal needs here`)}; exit 1; }`;

/** A terminal that ends with what was written to it unread may lose that: the shell stays until it hears that the code was read. */
const ending = [`printf '%sX%d;' "$m" "$r"`, 'read -r r'];
/** What it then hears. */
export const parting = Buffer.from('\n');

/** Signals typed at the terminal are for the command alone: what a shell catches, its children do not. */
function onTerminal(command: string): string[] {
  return [
    'trap : INT QUIT TSTP',
    'stty "$t"',
    `printf '%sG;' "$m"`,
    command,
    // What the command did to its terminal is undone, so that nothing changes the notice.
    'r=$?; stty raw -echo',
    ...ending,
  ];
}

/**
 * The command's output goes through `cat`, so that it finds a pipe and no terminal; its errors through `e`, as notices. Both have
 * ended when `r` has its value. `dd` feeds it from the terminal and is told to end when the command has: notice D. (A `cat` that
 * uses sendfile, as busybox's, locks the pipe while it waits for the terminal: its reader would get a line with the next one only.)
 */
function onPipes(command: string, stdin: boolean): string[] {
  const closed = '3>&- 4>&- 5>&- 6>&-';
  return [
    'exec 3>&1 6<&0',
    `e() { while d=$(dd bs=600 count=1 2>/dev/null | base64 | tr -d '\\n') && [ -n "$d" ]; do printf '%sE%s;' "$m" "$d" >&3; done; }`,
    ...(stdin ? [inputTerminal] : []),
    `printf '%sG;' "$m"`,
    'r=$( { { {',
    stdin ? `dd bs=4096 <&6 ${closed} 2>/dev/null | {` : '{',
    `{ ${command}\n} ${stdin ? '' : '</dev/null'} 2>&4 ${closed}`,
    `echo "$?" >&5${stdin ? `; printf '%sD;' "$m" >&3` : ''}`,
    '}',
    '} | cat >&3 4>&- 5>&- 6>&-; } 4>&1 | e 5>&- 6>&-; } 5>&1 )',
    ...ending,
  ];
}

/** In a shell of its own, which becomes the command. Codes are those of Docker: 127 not found, 126 cannot be run. */
function commandLine(spec: ExecSpec, workdir: string, root: boolean): string {
  const names = Object.keys(spec.env);
  const plain = names.filter((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  const odd = names.filter((name) => !plain.includes(name));
  const exports = plain.map((name) => `export ${name}=${quoted(spec.env[name] ?? '')}`);
  // A shell cannot say these names.
  const words = [
    ...(odd.length > 0 ? ['env', ...odd.map((name) => `${name}=${spec.env[name]}`)] : []),
    ...spec.command,
  ];
  const exec = `exec ${words.map(quoted).join(' ')}`;
  const steps = [
    `cd ${quoted(workdir)} || exit 126`,
    ...(root || plain.includes('HOME') ? [] : [`export HOME="\${h:-/}"`]),
    ...exports,
    root ? exec : `as ${quoted(exec)}`,
  ];
  return `(\n${steps.join('\n')}\n)`;
}

const isRoot = (user: string): boolean => /^(root|0)?(:(root|0)?)?$/.test(user);

/** Session Manager makes everybody root; whoever else is wanted is found in the image, or the reason said. */
function becoming(user: string): string[] {
  if (isRoot(user)) return [];
  const [name = '', group = ''] = user.split(':');
  const refusal = `A command cannot run as ${user}: the image has neither this user and su, nor chroot --userspec`;
  return [
    `u=${quoted(name)}; g=${quoted(group)}; h=; f=; p=`,
    'while IFS=: read -r a b c d i j k; do',
    'if [ "$a" = "$u" ] || [ "$c" = "$u" ]; then u=$a; p=$d; h=$j; f=1; break; fi',
    'done </etc/passwd 2>/dev/null',
    'if [ -n "$f" ] && { [ -z "$g" ] || [ "$g" = "$p" ]; } && command -v su >/dev/null',
    'then as() { exec su -m -s /bin/sh "$u" -c "$1"; }',
    'elif chroot --userspec=0:0 --skip-chdir / true 2>/dev/null',
    `then as() { exec chroot --userspec="$u\${g:+:$g}" --skip-chdir / sh -c "$1"; }`,
    `else printf '%sR%s;' "$m" ${quoted(refusal.replaceAll(';', ','))}; exit 1; fi`,
  ];
}
