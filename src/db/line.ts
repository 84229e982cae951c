/**
 * One connection to Postgres, from its first statement until it closes; then it is of no more use. Each has a driver of its
 * own, because postgres.js 3.4.9 does not survive a connection: after connecting again it may send what belonged to a lost
 * transaction, never send anything, or leave callers waiting for ever, and a rollback on a closed one ends the process.
 */
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { isLoss, isUnconnected, notConnected } from './sql-state.ts';

export interface Statement {
  text: string;
  params: unknown[];
  /** Planned for these params and today's tables each time, where a plan kept from when they were small would not do. */
  isFresh?: boolean;
}

export type Row = Record<string, unknown>;

export class Line {
  readonly #sql: postgres.Sql;
  /** Texts that the server knows. */
  readonly #prepared = new Set<string>();
  /** What the next statement has to wait for. */
  #gate: Promise<void> | null = null;
  /** Rejects those who wait for an answer. */
  readonly #waiting = new Set<(error: Error) => void>();
  #isClosed = false;

  readonly #keeps: boolean;
  readonly #connectMs: number | null;
  #patience: NodeJS.Timeout | undefined;
  /** The server has let us in: what was sent may have been done. */
  #isOpen = false;

  /** Connects at the first statement. @param keeps whether the server keeps statements for us */
  constructor(options: postgres.Options<Record<string, never>>, keeps = true) {
    this.#keeps = keeps;
    const { connect_timeout: seconds } = options;
    const own = { max: 1, max_lifetime: null, fetch_types: false, onclose: () => this.#close(closed()) };
    const onparameter = () => {
      this.#isOpen = true;
      clearTimeout(this.#patience);
    };
    this.#sql = postgres({ ...options, ...own, onparameter });
    this.#connectMs = typeof seconds === 'number' ? seconds * 1000 : null;
    // Makes the driver leave times and JSON as text, as drizzle and our own mapping expect them.
    drizzle(this.#sql);
  }

  /** Takes no more statements. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A statement that will come again, unless it is a fresh one. Throws errors with the driver's codes; CONNECTION_CLOSED at the latest when it closes. */
  send({ text, params, isFresh = false }: Statement): Promise<Row[]> {
    if (isFresh || !this.#keeps) return this.sendOnce({ text, params }, false);
    const run = () => this.#sql.unsafe(text, params as postgres.ParameterOrJSON<never>[], { prepare: true });
    if (this.#prepared.has(text)) return this.#gate === null ? this.#wait(run) : this.#gate.then(() => this.#wait(run));
    return this.#alone(async () => {
      const rows = await this.#wait(run);
      this.#prepared.add(text);
      return rows;
    });
  }

  /** A statement made for once. @param asArrays rows as the values of their columns */
  sendOnce<T = Row>({ text, params }: Statement, asArrays: boolean): Promise<T[]> {
    const run = () => {
      const query = this.#sql.unsafe(text, params as postgres.ParameterOrJSON<never>[]);
      return (asArrays ? query.values() : query) as PromiseLike<unknown> as PromiseLike<T[]>;
    };
    return this.#alone(() => this.#wait(run));
  }

  /** @param seconds how long statements under way may take; 0 cuts them off */
  async end(seconds: number): Promise<void> {
    this.#isClosed = true;
    await this.#sql.end({ timeout: seconds });
    this.#close(closed());
  }

  /**
   * Those after a statement that the server does not know wait for its answer: the driver would hold them back as well, but
   * send them on another connection if this one closed.
   */
  #alone<T>(run: () => Promise<T>): Promise<T> {
    const answered = this.#gate === null ? run() : this.#gate.then(run);
    const gate: Promise<void> = answered.then(
      () => this.#open(gate),
      () => this.#open(gate),
    );
    this.#gate = gate;
    return answered;
  }

  #open(gate: Promise<void>): void {
    if (this.#gate === gate) this.#gate = null;
  }

  /** For an answer, but no longer than the connection lasts: the driver forgets some. */
  #wait<T>(run: () => PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(coded(notConnected, 'The connection to Postgres was closed before'));
      this.#waiting.add(reject);
      this.#expectServer();
      run().then(
        (value) => {
          this.#waiting.delete(reject);
          resolve(value);
        },
        (error) => {
          this.#waiting.delete(reject);
          const isUnsaid = !this.#isOpen && isLoss(error) && !isUnconnected(error);
          reject(isUnsaid ? coded(notConnected, 'Postgres did not let us in', error) : error);
        },
      );
    });
  }

  /** The driver gives up on a server that says nothing, but comes again and again, for ever, to one that hangs up before it speaks. */
  #expectServer(): void {
    if (this.#connectMs === null || this.#patience !== undefined) return;
    this.#patience = setTimeout(() => {
      this.#close(coded('CONNECT_TIMEOUT', 'Postgres does not speak'));
      void this.end(0);
    }, this.#connectMs + 100);
  }

  #close(why: Error): void {
    const reason = this.#isOpen ? why : coded(notConnected, 'Postgres did not let us in', why);
    this.#isClosed = true;
    clearTimeout(this.#patience);
    for (const reject of this.#waiting) reject(reason);
  }
}

const coded = (code: string, message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { code });
const closed = (): Error => coded('CONNECTION_CLOSED', 'The connection to Postgres is closed');
