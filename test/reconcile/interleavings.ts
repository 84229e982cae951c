/**
 * Every order in which a few processes can take their steps, with at most one of them killed or frozen on the way: the choices of
 * one history are played again up to the last that has an alternative, and that is taken.
 */
import type { Random } from '../simulation/random.ts';
import type { Owner, Scheduler, Waiter } from '../simulation/scheduler.ts';

/** So long a frozen process stands still: longer than any time that others give it. */
const FROZEN_MS = 16_000;

export interface History {
  scheduler: Scheduler;
  /** Each may be killed or frozen, but not the network. */
  processes: Owner[];
  /** Null unless a process that dies now has sent what did not arrive yet: makes that late. */
  delay?: (owner: Owner) => (() => void) | null;
}

interface Move {
  name: string;
  make(): void | Promise<void>;
}

/** Chooses among alternatives: what it was told at first, and then the first one, or any. */
class Chooser {
  readonly taken: { choice: number; of: number }[] = [];
  private readonly script: number[];
  private readonly random: Random | null;

  constructor(script: number[], random: Random | null = null) {
    this.script = script;
    this.random = random;
  }

  pick<T>(items: T[]): T {
    const choice = this.script[this.taken.length] ?? this.random?.below(items.length) ?? 0;
    this.taken.push({ choice, of: items.length });
    return items[choice] as T;
  }

  /** The script of the next history; null after the last one. */
  next(): number[] | null {
    const last = this.taken.findLastIndex(({ choice, of }) => choice + 1 < of);
    if (last < 0) return null;
    return [...this.taken.slice(0, last).map(({ choice }) => choice), (this.taken[last]?.choice ?? 0) + 1];
  }
}

/** Begins a history, and judges it once nobody has anything left to do. */
type Begin = () => Promise<History & { judge(): Promise<void> }>;

/** Plays them all. Answers how many there were. */
export async function everyHistory(begin: Begin, faults: 0 | 1): Promise<number> {
  let script: number[] | null = [];
  let count = 0;
  for (; script !== null; count++) {
    const chooser: Chooser = new Chooser(script);
    await play(begin, chooser, faults);
    script = chooser.next();
  }
  return count;
}

/** Plays some of them, where they are too many. */
export async function someHistories(begin: Begin, faults: 0 | 1, count: number, random: Random): Promise<void> {
  for (let played = 0; played < count; played++) await play(begin, new Chooser([], random), faults);
}

async function play(begin: Begin, chooser: Chooser, faults: number): Promise<void> {
  const { judge, ...history } = await begin();
  const story = await run(history, chooser, faults);
  try {
    await judge();
  } catch (error) {
    throw new Error(`In the history of ${story.join(', ')}: ${(error as Error).message}`, { cause: error });
  }
}

async function run(history: History, chooser: Chooser, faults: number): Promise<string[]> {
  const { scheduler } = history;
  const thaws = new Map<Owner, number>();
  const story: string[] = [];
  let left = faults;
  await scheduler.rest();
  for (;;) {
    for (const [owner, at] of thaws) {
      if (at > scheduler.now) continue;
      owner.state = 'alive';
      thaws.delete(owner);
    }
    const ready = scheduler.ready();
    if (ready.length === 0) {
      const times = [scheduler.nextAt(), ...thaws.values()].filter((at) => at !== null);
      if (times.length === 0) return story;
      scheduler.now = Math.min(...times);
      continue;
    }
    const moves = ready.flatMap((waiter) => movesOf(history, waiter, left > 0, thaws));
    const move = chooser.pick(moves);
    if (!move.name.startsWith(' ')) left -= 1;
    story.push(move.name.trim());
    await move.make();
  }
}

function movesOf(
  { scheduler, processes, delay }: History,
  waiter: Waiter,
  mayFail: boolean,
  thaws: Map<Owner, number>,
): Move[] {
  const { owner, label } = waiter;
  const go: Move = { name: ` ${owner.name}: ${label}`, make: () => scheduler.step(waiter) };
  if (!mayFail || !processes.includes(owner)) return [go];
  const kill = (late: (() => void) | null): Move => ({
    name: `${owner.name} is killed before ${label}${late ? ', and what it sent is late' : ''}`,
    make: () => {
      scheduler.bury(owner);
      late?.();
    },
  });
  const late = delay?.(owner) ?? null;
  const freeze: Move = {
    name: `${owner.name} freezes before ${label}`,
    make: () => {
      owner.state = 'frozen';
      thaws.set(owner, scheduler.now + FROZEN_MS);
    },
  };
  return [go, kill(null), ...(late ? [kill(late)] : []), freeze];
}
