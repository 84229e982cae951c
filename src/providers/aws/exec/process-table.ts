/** Processes as ps shows them, from what a container's /proc says. Pure. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
import { AppError } from '../../../domain/errors.ts';

/** Of a second: what the kernel counts in, whatever the machine. */
const ticks = 100;
const pageKiB = 4;

interface Process {
  /** The fields of stat from the third on. */
  stat: string[];
  pid: string;
  name: string;
  uid: string;
  gid: string;
  command: string;
}

interface Machine {
  bootSeconds: number;
  upSeconds: number;
  users: Map<string, string>;
}

interface Column {
  title: string;
  of: (process: Process, machine: Machine) => string;
}

const field = (process: Process, number: number): string => process.stat[number - 3] ?? '0';
const user = (process: Process, { users }: Machine): string => users.get(process.uid) ?? process.uid;
const cpuSeconds = (process: Process): number => (Number(field(process, 14)) + Number(field(process, 15))) / ticks;
const elapsed = (process: Process, { upSeconds }: Machine): number =>
  Math.max(0, upSeconds - Number(field(process, 22)) / ticks);
const percent = (process: Process, machine: Machine): number => {
  const seconds = elapsed(process, machine);
  return seconds > 0 ? (100 * cpuSeconds(process)) / seconds : 0;
};
const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
const clock = (seconds: number): string => `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
const started = (process: Process, machine: Machine): string => {
  const at = machine.bootSeconds + Number(field(process, 22)) / ticks;
  return `${two((at / 3600) % 24)}:${two((at / 60) % 60)}`;
};
const terminal = (process: Process): string => {
  const number = Number(field(process, 7));
  return number === 0 ? '?' : `pts/${number & 0xff}`;
};
const command = ({ command: text, name }: Process): string => text || `[${name}]`;

const columns: Record<string, Column> = {
  pid: { title: 'PID', of: ({ pid }) => pid },
  ppid: { title: 'PPID', of: (process) => field(process, 4) },
  pgid: { title: 'PGID', of: (process) => field(process, 5) },
  sid: { title: 'SID', of: (process) => field(process, 6) },
  user: { title: 'USER', of: user },
  uid: { title: 'UID', of: ({ uid }) => uid },
  gid: { title: 'GID', of: ({ gid }) => gid },
  comm: { title: 'COMMAND', of: ({ name }) => name },
  args: { title: 'COMMAND', of: command },
  cmd: { title: 'CMD', of: command },
  command: { title: 'COMMAND', of: command },
  stat: { title: 'STAT', of: (process) => field(process, 3) },
  s: { title: 'S', of: (process) => field(process, 3) },
  ni: { title: 'NI', of: (process) => field(process, 19) },
  nlwp: { title: 'NLWP', of: (process) => field(process, 20) },
  vsz: { title: 'VSZ', of: (process) => String(Math.round(Number(field(process, 23)) / 1024)) },
  rss: { title: 'RSS', of: (process) => String(Number(field(process, 24)) * pageKiB) },
  tty: { title: 'TT', of: terminal },
  time: { title: 'TIME', of: (process) => clock(cpuSeconds(process)) },
  etime: { title: 'ELAPSED', of: (process, machine) => clock(elapsed(process, machine)) },
  pcpu: { title: '%CPU', of: (process, machine) => percent(process, machine).toFixed(1) },
};

const full = [
  { title: 'UID', of: user },
  ...[columns.pid, columns.ppid].flatMap((column) => column ?? []),
  { title: 'C', of: (process: Process, machine: Machine) => String(Math.floor(percent(process, machine))) },
  { title: 'STIME', of: started },
  { title: 'TTY', of: terminal },
  ...[columns.time, columns.cmd].flatMap((column) => column ?? []),
];
const byUser = [
  ...[columns.user, columns.pid, columns.pcpu, columns.vsz, columns.rss].flatMap((column) => column ?? []),
  { title: 'TTY', of: terminal },
  ...[columns.stat].flatMap((column) => column ?? []),
  { title: 'START', of: started },
  ...[columns.time, columns.args].flatMap((column) => column ?? []),
];

/** How arguments of ps want processes shown. Throws invalid for those that are not understood. */
export function processTable(psArguments: string): (text: string) => { titles: string[]; processes: string[][] } {
  const shown = chosen(psArguments.split(' ').filter(Boolean));
  return (text) => {
    const { machine, processes } = read(text);
    return {
      titles: shown.map(({ title }) => title),
      processes: processes.map((process) => shown.map(({ of }) => of(process, machine))),
    };
  };
}

function chosen(words: string[]): Column[] {
  const text = words.join(' ');
  const list = /^(?:-?[Aadewx]*o ?)([a-z]+(?:,[a-z]+)*)$/.exec(text)?.[1];
  const wanted = list?.split(',').map((name) => columns[name === 'tname' || name === 'tt' ? 'tty' : name]);
  const found = wanted?.flatMap((column) => column ?? []);
  if (wanted && found?.length === wanted.length) return found;
  if (!wanted && words.every((word) => /^-[AadefHljwy]+$/.test(word))) return full;
  if (!wanted && words.every((word) => /^[aefjluvwx]+$/.test(word))) return byUser;
  throw new AppError('invalid', 'These arguments of ps are not understood here; try "-ef", "aux" or "-o pid,args"');
}

function read(text: string): { machine: Machine; processes: Process[] } {
  const [head = '', body = '', tail = ''] = text.split('\n--\n');
  const facts = new Map(head.split('\n').map((line) => line.split(' ') as [string, string]));
  const users = new Map(tail.split('\n').map((line) => line.split(' ').reverse() as [string, string]));
  const lines = body.split('\n');
  const processes: Process[] = [];
  for (let at = 0; at + 2 <= lines.length; at += 3) {
    const [stat = '', ids = '', words = ''] = lines.slice(at, at + 3);
    const close = stat.lastIndexOf(')');
    const [uid = '0', gid = '0'] = ids.split(' ');
    processes.push({
      ...{ pid: stat.slice(0, stat.indexOf(' ')), name: stat.slice(stat.indexOf('(') + 1, close), uid, gid },
      ...{ stat: stat.slice(close + 2).split(' '), command: words.trim() },
    });
  }
  const machine = { bootSeconds: Number(facts.get('btime') ?? 0), upSeconds: Number(facts.get('up') ?? 0), users };
  return { machine, processes };
}
