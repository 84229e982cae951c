/**
 * How long a Dockerfile can become where its variables are replaced: a few lines of which each repeats the one before would fill
 * the memory of whoever reads them, and of the builder. Never counted too short, whatever the quotes and escapes are.
 */
import { splitWords } from '../domain/dockerfile-words.ts';
import { AppError } from '../domain/errors.ts';
import { type Instruction, parseInstruction } from './dockerfile.ts';

const MiB = 1024 * 1024;
const MOST_CHARACTERS = 4 * MiB;

/** What the builder leaves to a shell, or takes as it is. */
const verbatim = new Set(['CMD', 'ENTRYPOINT', 'HEALTHCHECK', 'MAINTAINER', 'ONBUILD', 'RUN', 'SHELL']);
const usualName = /^[\p{L}_][\p{L}\p{Nd}_]*$/u;
const references = /(?<=\$\{?)(?:[\p{L}_][\p{L}\p{Nd}_]*|[^{])/gu;

export class Growth {
  /** Of each variable, the most that any stage gave it. Those with odd names are one, '', and `$` is whichever. */
  readonly #lengths = new Map<string, number>();
  /** Of stages by their names, what they have for those that begin with them. */
  readonly #triggers = new Map<string | null, Instruction[]>();
  #stage: string | null = null;
  #total = 0;

  constructor(buildArgs: Record<string, string | null>) {
    for (const [name, value] of Object.entries(buildArgs)) this.#set(name, value?.length ?? 0);
  }

  /** @param base name of an earlier stage, or null @param env of an image, `NAME=value` each */
  begin(stage: string | null, base: string | null, env: readonly string[]): void {
    for (const each of env) this.#set(each.split('=', 1)[0] ?? '', each.length);
    this.#stage = stage;
    for (const trigger of (base !== null && this.#triggers.get(base)) || []) this.add(trigger);
  }

  /** To be called before it is expanded. Throws limit. */
  add(instruction: Instruction): void {
    const { keyword, flags, rest, line } = instruction;
    if (keyword === 'ONBUILD') this.#keep(parseInstruction(rest, line));
    const whole = verbatim.has(keyword) ? rest.length : this.#lengthOf([...flags, rest].join(' '));
    this.#total += whole;
    if (this.#total > MOST_CHARACTERS) {
      const most = `at most ${MOST_CHARACTERS / MiB} MiB, its variables replaced`;
      throw new AppError('limit', `line ${line}: a Dockerfile may have ${most}`);
    }
    if (keyword === 'ENV' || keyword === 'ARG') this.#assign(rest, whole);
  }

  #keep(trigger: Instruction): void {
    this.#triggers.set(this.#stage, [...(this.#triggers.get(this.#stage) ?? []), trigger]);
  }

  #assign(rest: string, whole: number): void {
    const words = splitWords(rest);
    const [first = ''] = words;
    // With escapes, words may end elsewhere than they seem to.
    if (/[\\`]/.test(rest)) for (const [name] of rest.matchAll(/[^\s=]+/g)) this.#set(name, whole);
    else if (!first.includes('=')) this.#set(first, whole);
    else for (const word of words) this.#set(word.split('=', 1)[0] ?? '', this.#lengthOf(word));
  }

  #set(written: string, length: number): void {
    const name = nameOf(written.replaceAll(/["'\\`]/g, ''));
    this.#lengths.set(name, Math.max(length, this.#lengths.get(name) ?? 0));
  }

  #lengthOf(text: string): number {
    let length = text.length;
    for (const [name] of text.matchAll(references)) {
      length += Math.max(this.#lengths.get(nameOf(name)) ?? 0, this.#lengths.get('$') ?? 0);
    }
    return length;
  }
}

function nameOf(text: string): string {
  if (usualName.test(text)) return text;
  return text.length > 1 && text.includes('$') ? '$' : '';
}
