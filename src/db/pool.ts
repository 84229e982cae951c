/** The connections of one role: who may use which when. Statements share a connection, a transaction has one to itself. */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/pg-proxy';
import type postgres from 'postgres';
import { Line, type Row, type Statement } from './line.ts';
import { isLoss } from './sql-state.ts';

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
}

interface Waiting {
  isExclusive: boolean;
  take(seat: Seat): void;
}

export class Pool {
  readonly #connect: () => Line;
  readonly #size: number;
  readonly #seats = new Set<Seat>();
  readonly #queue: Waiting[] = [];

  /** @param size connections at most; they are made when they are needed */
  constructor(options: postgres.Options<Record<string, never>>, size: number) {
    this.#connect = () => new Line(options);
    this.#size = size;
  }

  query(statement: Statement): Promise<Row[]> {
    return this.#use(false, (line) => line.send(statement));
  }

  /** Rolls back when `run` throws. What `run` waits for beside its statements holds a connection and locks. */
  transaction<T>(run: (line: Line) => Promise<T>): Promise<T> {
    return this.#use(true, async (line) => {
      try {
        const [, result] = await Promise.all([line.send(begin), run(line)]);
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
      const sent = [begin, ...statements, commit].map((statement) => line.send(statement));
      const answers = await Promise.allSettled(sent);
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (failed) throw failed.reason;
      return answers.slice(1, -1).map((answer) => (answer as PromiseFulfilledResult<Row[]>).value);
    });
  }

  async end(): Promise<void> {
    await Promise.all([...this.#seats].map(({ line }) => line.end(END_SECONDS)));
  }

  async #use<T>(isExclusive: boolean, run: (line: Line) => Promise<T>): Promise<T> {
    const seat = this.#take(isExclusive) ?? (await this.#queueUp(isExclusive));
    try {
      return await run(seat.line);
    } catch (error) {
      if (isLoss(error)) await seat.line.end(0);
      throw error;
    } finally {
      seat.users -= 1;
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
    for (const seat of this.#seats) {
      if (seat.line.isClosed) this.#seats.delete(seat);
      else if (!seat.isExclusive && (!best || seat.users < best.users)) best = seat;
    }
    if (best?.users !== 0 && this.#seats.size < this.#size) {
      best = { line: this.#connect(), users: 0, isExclusive: false };
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

/** @param line in a transaction */
export function ormOn(line: Line): Orm {
  const ask = async (text: string, params: unknown[], method: 'all' | 'execute') => {
    return { rows: await line.sendOnce({ text, params }, method === 'all') };
  };
  return drizzle(ask) as unknown as Orm;
}
