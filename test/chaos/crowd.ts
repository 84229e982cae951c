/** Customers at work side by side, who can be told to hold still while somebody looks. */
import { createRandom } from '../simulation/random.ts';
import { Customer } from './customer.ts';
import type { Api, Reply } from './exchange.ts';

export class Crowd {
  readonly customers: Customer[];
  readonly #api: Api;
  #giveUp = new AbortController();
  #isOpen = false;
  #work: Promise<unknown> = Promise.resolve();

  /** @param seed decides what each of them does, apart from how fast it is answered */
  constructor(size: number, { url, key }: { url: string; key: string }, seed: number) {
    this.#api = { url, key, gaveUp: this.#giveUp.signal };
    this.customers = Array.from({ length: size }, (_, index) => {
      return new Customer(`chaos-${index}`, this.#api, createRandom(seed, 1000 + index));
    });
  }

  get key(): string {
    return this.#api.key;
  }

  get acknowledged(): number {
    return this.customers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Requests that were sent and never answered. */
  get cutOff(): number {
    return this.customers.reduce((sum, { cutOff }) => sum + cutOff, 0);
  }

  /** Server errors they were answered. */
  get errors(): Reply[] {
    return this.customers.flatMap(({ errors }) => errors);
  }

  /** Complaints not taken yet. */
  get violations(): number {
    return this.customers.reduce((sum, { violations }) => sum + violations.length, 0);
  }

  /** They send requests from now on, those without an answer first. */
  begin(): void {
    this.#isOpen = true;
    this.#work = Promise.all(
      this.customers.map(async (customer) => {
        while (this.#isOpen) await customer.step();
      }),
    );
  }

  /** They go on at another door; what they asked at the last one they ask again there, without waiting any longer. */
  moveTo(url: string): void {
    this.#giveUp.abort();
    this.#giveUp = new AbortController();
    Object.assign(this.#api, { url, gaveUp: this.#giveUp.signal });
  }

  /** Answers once every request that was sent is answered or lost. */
  async hold(): Promise<void> {
    this.#isOpen = false;
    await this.#work;
  }

  /** Tells all that containers may end by themselves now. */
  shake(): void {
    for (const customer of this.customers) customer.shake();
  }

  /** At rest: everyone looks what it has. Answers the reasons for which containers are no longer up. */
  async calm(): Promise<string[]> {
    const reasons = await Promise.all(this.customers.map((customer) => customer.calm()));
    return reasons.filter((reason) => reason !== null);
  }

  /** What they complained about since the last call. */
  takeViolations(): string[] {
    return this.customers.flatMap(({ violations }) => violations.splice(0));
  }
}
