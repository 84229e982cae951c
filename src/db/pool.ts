/** The connections of one role: who may use which when. Statements share a connection, a transaction has one to itself. */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/pg-proxy';
import { systemClock } from '../domain/clock.ts';
import { Line, type Row, type Statement } from './line.ts';
import { IDLE_SECONDS, type LoginOptions } from './login.ts';
import { isLoss, isRefusedLogin } from './sql-state.ts';

/** Drizzle's query builder on one connection. */
export type Orm = PgDatabase<PgQueryResultHKT, Record<string, never>>;

/** Statements that may be under way on one connection; Postgres answers them in order. */
const DEPTH = 16;
/** How long those under way may take at the end, in seconds. */
const END_SECONDS = 5;

interface Seat {
  line: Line;
  /** Statements under way, or the one transaction. */
  users: number;
  isExclusive: boolean;
  usedAt: number;
}

interface Waiting {
  isExclusive: boolean;
  take(seat: Seat): void;
}

export class Pool {
  readonly #connect: () => Line;
  /** What each transaction begins with; null: the session has it. */
  readonly #preamble: Statement | null;
  readonly #size: number;
  readonly #seats = new Set<Seat>();
  readonly #queue: Waiting[] = [];

  /**
   * @param size connections at most; they are made when they are needed
   * @param settings of each transaction, where there are no sessions to have them and to keep statements
   */
  constructor(options: LoginOptions, size: number, settings: Record<string, string> | null = null) {
    this.#connect = () => new Line(options, settings === null);
    this.#size = size;
    this.#preamble = settings && preambleOf(settings);
  }

  query(statement: Statement): Promise<Row[]> {
    if (this.#preamble === null) return this.#use(false, (line) => line.send(statement));
    return this.flight([statement]).then(([rows = []]) => rows);
  }

  /** Rolls back when `run` throws. What `run` waits for beside its statements holds a connection and locks. */
  transaction<T>(run: (line: Line) => Promise<T>): Promise<T> {
    return this.#use(true, async (line) => {
      try {
        const begun = this.#opening.map((statement) => line.send(statement));
        const [result] = await Promise.all([run(line), ...begun]);
        await line.send(commit);
        return result;
      } catch (error) {
        await line.send(rollback).catch(() => line.end(0));
        throw error;
      }
    });
  }

  /** A transaction whose commit is sent with its statements; where one of them failed, Postgres rolls back instead. */
  flight(statements: Statement[]): Promise<Row[][]> {
    return this.#use(true, async (line) => {
      const opening = this.#opening;
      const sent = [...opening, ...statements, commit].map((statement) => line.send(statement));
      const answers = await Promise.allSettled(sent);
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (failed) throw failed.reason;
      return answers.slice(opening.length, -1).map((answer) => (answer as PromiseFulfilledResult<Row[]>).value);
    });
  }

  get #opening(): Statement[] {
    return this.#preamble === null ? [begin] : [begin, this.#preamble];
  }

  async end(): Promise<void> {
    await Promise.all([...this.#seats].map(({ line }) => line.end(END_SECONDS)));
  }

  async #use<T>(isExclusive: boolean, run: (line: Line) => Promise<T>): Promise<T> {
    const seat = this.#take(isExclusive) ?? (await this.#queueUp(isExclusive));
    try {
      return await run(seat.line);
    } catch (error) {
      if (isLoss(error) || isRefusedLogin(error)) await seat.line.end(0);
      throw error;
    } finally {
      seat.users -= 1;
      seat.usedAt = systemClock.now();
      seat.isExclusive = false;
      this.#serve();
    }
  }

  /** At once, unless there is no room or others came first. */
  #take(isExclusive: boolean): Seat | undefined {
    return this.#queue.length === 0 ? this.#findSeat(isExclusive) : undefined;
  }

  #queueUp(isExclusive: boolean): Promise<Seat> {
    return new Promise((take) => this.#queue.push({ isExclusive, take }));
  }

  /** In the order in which they came, so that a transaction gets its turn among many statements. */
  #serve(): void {
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      const seat = this.#findSeat(next.isExclusive);
      if (!seat) return;
      this.#queue.shift();
      next.take(seat);
    }
  }

  /** A seat on the least used connection, taken; on a new one rather than to share, while there may be more. */
  #findSeat(isExclusive: boolean): Seat | undefined {
    let best: Seat | undefined;
    const now = systemClock.now();
    for (const seat of this.#seats) {
      if (seat.users === 0 && now - seat.usedAt > IDLE_SECONDS * 1000) void seat.line.end(0);
      if (seat.line.isClosed) this.#seats.delete(seat);
      else if (!seat.isExclusive && (!best || seat.users < best.users)) best = seat;
    }
    if (best?.users !== 0 && this.#seats.size < this.#size) {
      best = { line: this.#connect(), users: 0, isExclusive: false, usedAt: now };
      this.#seats.add(best);
    }
    if (!best || best.users >= (isExclusive ? 1 : DEPTH)) return undefined;
    best.users += 1;
    best.isExclusive = isExclusive;
    return best;
  }
}

const begin: Statement = { text: 'begin', params: [] };
const commit: Statement = { text: 'commit', params: [] };
const rollback: Statement = { text: 'rollback', params: [] };

function preambleOf(settings: Record<string, string>): Statement {
  const calls = Object.keys(settings).map((name, position) => `set_config('${name}', $${position + 1}, true)`);
  return { text: `select ${calls.join(', ')}`, params: Object.values(settings) };
}

/** @param line in a transaction */
export function ormOn(line: Line): Orm {
  const ask = async (text: string, params: unknown[], method: 'all' | 'execute') => {
    return { rows: await line.sendOnce({ text, params }, method === 'all') };
  };
  return drizzle(ask) as unknown as Orm;
}
