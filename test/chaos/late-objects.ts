/** Looks for what the Engine has and no row owns, and counts how many sweeps of a server each such object outlives. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../support/client.ts';
import type { Installation } from './installation.ts';
import type { Server } from './server.ts';

const lookMs = 100;
/** One may have listed the Engine's objects just before it was made. */
const passesAllowed = 2;

export class LateObjects {
  readonly #installation: Installation;
  readonly #server: Server;
  /** The sweeps there had been when it was seen first, by object. */
  readonly #since = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly violations: string[] = [];
  #isOver = false;
  #looking: Promise<void> = Promise.resolve();
  /** The most sweeps that one of them outlived. */
  longest = 0;

  /** @param server whose sweeps are counted */
  constructor(installation: Installation, server: Server) {
    this.#installation = installation;
    this.#server = server;
  }

  /** How many were seen. */
  get count(): number {
    return this.#seen.size;
  }

  begin(): void {
    this.#looking = this.#look();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#looking;
  }

  async #look(): Promise<void> {
    let before = new Set<string>();
    while (!this.#isOver) {
      const now = await this.#ownerless();
      // A removal under way may lie between the two lists: what it takes is not there again.
      const late = now.filter((object) => before.has(object));
      before = new Set(now);
      const passes = await this.#passes();
      for (const object of late) this.#count(object, passes);
      for (const object of this.#since.keys()) if (!before.has(object)) this.#since.delete(object);
      await sleep(lookMs);
    }
  }

  #count(object: string, passes: number): void {
    const since = this.#since.get(object) ?? passes;
    this.#since.set(object, since);
    this.#seen.add(object);
    this.longest = Math.max(this.longest, passes - since);
    if (passes - since === passesAllowed + 1) this.violations.push(`${object} outlives ${passes - since} sweeps`);
  }

  /** Objects are listed first: each had its row before it was made. */
  async #ownerless(): Promise<string[]> {
    const { docker, sql, id } = this.#installation;
    const objects = await docker.listContainers({ all: true, filters: { label: [`longshore.install=${id}`] } });
    const rows = await sql<{ id: string }[]>`select id from containers where removed_at is null`;
    const known = new Set(rows.map((row) => row.id));
    return objects
      .filter(({ Labels }) => !known.has(Labels['longshore.container'] ?? ''))
      .map(({ Names, Id }) => Names[0] ?? Id);
  }

  async #passes(): Promise<number> {
    const operator = createClient(this.#server.url, this.#installation.operatorKey);
    const text = await (await operator.send('GET', '/metrics')).text();
    return Number(/^longshore_sweeps_total (\d+)$/m.exec(text)?.[1] ?? 0);
  }
}
