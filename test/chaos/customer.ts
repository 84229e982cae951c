/**
 * A tenant's program that keeps one named container busy over HTTP: it retries whatever was not answered, under the same
 * Idempotency-Key, and holds the API to what it said.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../simulation/random.ts';
import { type Api, exchange, type Outcome, type Reply } from './exchange.ts';
import { change, creation, type State, type Wish } from './wishes.ts';

/** What the API's acknowledgements add up to. */
interface Belief {
  state: State;
  id: string | null;
  /** Accepted changes: one more or less means that an operation was lost or done twice. */
  generation: number;
  startedAt: string | null;
  restart: 'no' | 'unless-stopped';
  /** Accepted and not yet seen to have arrived: a 202. */
  isOnItsWay: boolean;
}

interface Answer {
  id: string;
  status: string;
  generation: number;
  observedGeneration: number;
  startedAt: string | null;
  error: { message: string } | null;
  changed?: boolean;
}

const nothing: Belief = { state: 'absent', id: null, generation: 0, startedAt: null, restart: 'no', isOnItsWay: false };

export class Customer {
  readonly name: string;
  /** Answers that say something untrue, or refuse what must not be refused. */
  readonly violations: string[] = [];
  /** Server errors, for a judge who knows when they were due. */
  readonly errors: Reply[] = [];
  acknowledged = 0;
  /** Requests that were sent and never answered. */
  cutOff = 0;
  readonly #api: Api;
  readonly #random: Random;
  #belief = nothing;
  #wish: (Wish & { isUncertain: boolean }) | null = null;
  #wishes = 0;
  /** Its container may have ended by itself. */
  #isShaken = false;

  constructor(name: string, api: Api, random: Random) {
    this.name = name;
    this.#api = api;
    this.#random = random;
  }

  get believed(): Readonly<Belief> {
    return this.#belief;
  }

  /** What may be true once all is at rest: of a request without an answer, its effect or none. */
  get possible(): State[] {
    const states = this.#wish?.isUncertain ? [this.#belief.state, this.#wish.after] : [this.#belief.state];
    const mayHaveEnded = this.#isShaken && this.#belief.restart === 'no' && states.includes('running');
    return mayHaveEnded ? [...states, 'exited'] : states;
  }

  /** Tells that whatever runs may end by itself, until `calm` looks what has become of it. */
  shake(): void {
    this.#isShaken = true;
  }

  /** To be called at rest. Answers why its container is no longer up; null while it is, or was not. */
  async calm(): Promise<string | null> {
    if (!this.#isShaken) return null;
    const before = this.#belief.state;
    const answer = this.#belief.id === null || this.#wish !== null ? null : await this.#look();
    this.#isShaken = false;
    return before === 'running' && answer?.status === 'exited' ? (answer.error?.message ?? 'no reason given') : null;
  }

  /** One exchange with the API, and a pause where it brought no news. */
  async step(): Promise<void> {
    if (this.#belief.isOnItsWay) {
      if ((await this.#look()) === null) await this.#pause();
      return;
    }
    this.#wish ??= this.#choose();
    const wish = this.#wish;
    const outcome = await exchange(this.#api, wish.request);
    switch (verdict(wish, outcome)) {
      case 'done':
        return this.#told(wish.after === 'absent' ? nothing : this.#learn(wish, JSON.parse((outcome as Reply).text)));
      case 'again':
        this.#count(outcome);
        wish.isUncertain ||= outcome !== 'not sent';
        return this.#pause();
      case 'refused':
        this.#wish = null;
        if (this.#isShaken) this.#belief = { ...this.#belief, isOnItsWay: this.#belief.id !== null };
        if (this.#isShaken) return this.#pause();
        this.violations.push(
          `${this.name}: ${wish.verb} of what was ${this.#belief.state}: ${JSON.stringify(outcome)}`,
        );
        return this.#pause();
    }
  }

  /** Looks what has become of its container. Null: no answer, or the last change has not arrived yet. */
  async #look(): Promise<Answer | null> {
    const outcome = await exchange(this.#api, { method: 'GET', path: `/v1/containers/${this.#belief.id}` });
    this.#count(outcome);
    if (typeof outcome === 'string' || outcome.status >= 500) return null;
    if (outcome.status !== 200) {
      this.violations.push(`${this.name}: what was acknowledged is answered ${outcome.status} ${outcome.text}`);
      return null;
    }
    const answer: Answer = JSON.parse(outcome.text);
    if (answer.observedGeneration < this.#belief.generation) return null;
    if (!this.#mayBe(answer.status)) this.#complain('what was accepted', 'did not arrive', answer);
    const state = answer.status === 'exited' ? 'exited' : this.#belief.state;
    this.#belief = { ...this.#belief, state, startedAt: answer.startedAt, isOnItsWay: false };
    return answer;
  }

  #learn(wish: Wish, answer: Answer): Belief {
    const { id, status, generation, observedGeneration, startedAt } = answer;
    const isOnItsWay = observedGeneration < generation || this.#isShaken;
    const changes = answer.changed === false ? 0 : 1;
    if (this.#belief.id !== null && this.#belief.id !== id) this.#complain(wish.verb, 'gave another container', answer);
    if (generation !== this.#belief.generation + changes) this.#complain(wish.verb, 'was not done once', answer);
    if (!isOnItsWay && status !== wish.after) this.#complain(wish.verb, 'is not what was acknowledged', answer);
    if (wish.verb === 'restart' && !isOnItsWay && startedAt === this.#belief.startedAt) {
      this.#complain(wish.verb, 'started nothing', answer);
    }
    return { ...this.#belief, state: wish.after, id, generation, startedAt, isOnItsWay };
  }

  #mayBe(status: string): boolean {
    if (status === this.#belief.state) return true;
    return this.#isShaken && (status === 'exited' || status === 'restarting');
  }

  #told(belief: Belief): void {
    this.#belief = belief;
    this.acknowledged += 1;
    this.#wish = null;
  }

  #count(outcome: Outcome): void {
    if (outcome === 'cut off') this.cutOff += 1;
    else if (outcome !== 'not sent' && outcome.status >= 500) this.errors.push(outcome);
  }

  #complain(subject: string, what: string, answer: Answer): void {
    const { id, status, generation, observedGeneration, startedAt, changed, error } = answer;
    const told = { id, status, generation, observedGeneration, startedAt, changed, error };
    const parts = [`${this.name}: ${subject} ${what}`, JSON.stringify(this.#belief), JSON.stringify(told)];
    this.violations.push(parts.join('; '));
  }

  #choose(): Wish & { isUncertain: boolean } {
    const { state, id } = this.#belief;
    this.#wishes += 1;
    const idempotencyKey = `${this.name}-${this.#wishes}`;
    if (state === 'absent') this.#belief = { ...nothing, restart: this.#random.pick(['no', 'unless-stopped']) };
    const wish =
      state === 'absent'
        ? creation(this.#random, this.name, this.#belief.restart)
        : change(this.#random, state, this.#random.chance(0.5) ? this.name : `${id}`, `${id}`);
    if (wish.request.method === 'DELETE') return { ...wish, isUncertain: false };
    return { ...wish, request: { ...wish.request, idempotencyKey }, isUncertain: false };
  }

  #pause(): Promise<void> {
    return sleep(50 + this.#random.below(400));
  }
}

/** `again`: what became of it is open, and the same request may be sent again. */
function verdict(
  { verb, isUncertain }: Wish & { isUncertain: boolean },
  outcome: Outcome,
): 'done' | 'again' | 'refused' {
  if (typeof outcome === 'string') return 'again';
  const { status, retryAfter } = outcome;
  if (status >= 500 || status === 429 || (status === 409 && retryAfter !== null)) return 'again';
  if (verb !== 'remove') return status === 200 || status === 201 || status === 202 ? 'done' : 'refused';
  if (status === 202) return 'again';
  return status === 204 || (status === 404 && isUncertain) ? 'done' : 'refused';
}
