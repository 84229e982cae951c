/** From what a container reads about itself to a sample. Both versions of control groups. Pure. https://docs.kernel.org/admin-guide/cgroup-v2.html */
import type { InterfaceCounts, StatsSample } from '../../provider.ts';

export interface Report {
  /** When it came. */
  at: Date;
  /** Each begins with the name of the file that it is from. */
  lines: string[];
}

const nanosecondsPerMicrosecond = 1000;
/** Of the kernel's clock ticks, of which there are a hundred a second. */
const nanosecondsPerTick = 10_000_000;
const bytesPerKibibyte = 1024;
/** What the kernel writes for no limit at all is above any machine. */
const mostBytes = 2 ** 60;

export function sampleOf(now: Report, before: Report): StatsSample {
  const [cpu, last] = [cpuOf(now), cpuOf(before)];
  const [used, passed] = [cpu.total - last.total, cpu.machine - last.machine];
  const interfaces = interfacesOf(now);
  const all = Object.values(interfaces);
  const memory = number(linesOf(now, 'memory')[0]);
  const inactive = figure(now, 'cache', 'total_inactive_file') || figure(now, 'cache', 'inactive_file');
  const cache = inactive < memory ? inactive : 0;
  return {
    at: now.at,
    cpuPercent: used > 0 && passed > 0 ? (used / passed) * cpu.online * 100 : 0,
    cpuNanoseconds: cpu.total,
    cpuUserNanoseconds: cpu.user,
    cpuKernelNanoseconds: cpu.kernel,
    systemCpuNanoseconds: cpu.machine,
    onlineCpus: cpu.online,
    memoryBytes: memory - cache,
    memoryCacheBytes: cache,
    memoryLimitBytes: memoryLimitOf(now),
    networkRxBytes: sum(all.map(({ rxBytes }) => rxBytes)),
    networkTxBytes: sum(all.map(({ txBytes }) => txBytes)),
    blockReadBytes: blockBytes(now, 'r', 'Read'),
    blockWriteBytes: blockBytes(now, 'w', 'Write'),
    pids: number(linesOf(now, 'pids')[0]),
    pidsLimit: number(linesOf(now, 'most')[0]) || null,
    interfaces,
  };
}

/** Lines of one file. */
const linesOf = ({ lines }: Report, name: string): string[] =>
  lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));

/** Zero for `max`, which stands for no limit, and for what is missing. */
const number = (text = ''): number => (/^\d+$/.test(text.trim()) ? Number(text) : 0);

/** Of a file of names and figures. */
function figure(report: Report, file: string, name: string): number {
  const line = linesOf(report, file).find((each) => each.startsWith(`${name} `));
  return number(line?.slice(name.length + 1));
}

function cpuOf(report: Report) {
  const machine = linesOf(report, 'machine');
  const [, ...ticks] = machine.find((line) => line.startsWith('cpu '))?.split(/\s+/) ?? [];
  // Time that guests had is in the first two as well.
  const times = { machine: sum(ticks.slice(0, 8).map(number)) * nanosecondsPerTick };
  const online = machine.filter((line) => /^cpu\d/.test(line)).length || 1;
  if (linesOf(report, 'cpu1').length === 0) {
    const of = (name: string) => figure(report, 'cpu', name) * nanosecondsPerMicrosecond;
    return { ...times, online, total: of('usage_usec'), user: of('user_usec'), kernel: of('system_usec') };
  }
  const of = (name: string) => figure(report, 'split1', name) * nanosecondsPerTick;
  return { ...times, online, total: number(linesOf(report, 'cpu1')[0]), user: of('user'), kernel: of('system') };
}

/** The machine's memory where the container has no limit of its own. */
function memoryLimitOf(report: Report): number {
  const own = number(linesOf(report, 'limit')[0]);
  if (own > 0 && own < mostBytes) return own;
  return number(/^MemTotal:\s+(\d+)/m.exec(linesOf(report, 'ram').join('\n'))?.[1]) * bytesPerKibibyte;
}

function blockBytes(report: Report, key: string, name: string): number {
  const now = linesOf(report, 'io').map((line) => number(new RegExp(`\\b${key}bytes=(\\d+)`).exec(line)?.[1]));
  const before = linesOf(report, 'io1').map((line) => number(new RegExp(`^\\S+ ${name} (\\d+)$`).exec(line)?.[1]));
  return sum([...now, ...before]);
}

/** The loopback interface is nobody's traffic. */
function interfacesOf(report: Report): Record<string, InterfaceCounts> {
  const found: Record<string, InterfaceCounts> = {};
  for (const line of linesOf(report, 'net')) {
    const [, name = '', rest = ''] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    const figures = rest.split(/\s+/).map(number);
    if (name === '' || name === 'lo' || figures.length < 16) continue;
    const at = (position: number) => figures[position] ?? 0;
    found[name] = {
      ...{ rxBytes: at(0), rxPackets: at(1), rxErrors: at(2), rxDropped: at(3) },
      ...{ txBytes: at(8), txPackets: at(9), txErrors: at(10), txDropped: at(11) },
    };
  }
  return found;
}

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);
