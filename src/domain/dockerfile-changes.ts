/**
 * The instructions that may accompany a commit or an import (`--change`), as a change of the image's configuration. They are
 * read here, so that no text of a tenant is ever interpreted by a provider. Pure.
 */
import { z } from 'zod';
import { type Env, expandWord, splitWords } from './dockerfile-words.ts';
import { AppError } from './errors.ts';
import { type ImageConfigChange, imageConfigChange } from './image-config-change.ts';

/** What the instructions start from. */
export interface ChangedConfig {
  env: Env;
  workdir: string;
}

const MAX_CHARACTERS = 65_536;
const MAX_EXPANDED = 1024 * 1024;
const refuse = (message: string) => new AppError('invalid', `changes: ${message}`);

/** @param texts instructions, one or more a text, in their order. Throws invalid naming the instruction. */
export function parseChanges(texts: readonly string[], { env, workdir }: ChangedConfig): ImageConfigChange {
  const text = texts.join('\n');
  if (text.length > MAX_CHARACTERS) throw refuse(`may have at most ${MAX_CHARACTERS} characters`);
  const reader = new Reader(env, workdir || '/');
  for (const line of instructionLines(text)) reader.take(line);
  const checked = imageConfigChange.safeParse(reader.change);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw refuse(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** Without comments and empty lines; a backslash at its end continues a line. */
function instructionLines(text: string): string[] {
  if (/^\s*#\s*(escape|syntax)\s*=/i.test(text)) throw refuse('parser directives are not taken here');
  const lines = text
    .split(/\r?\n/)
    .filter((line) => !/^\s*#/.test(line))
    .map((line) => line.replace(/^\s+/, ''));
  return lines
    .join('\n')
    .replace(/\\[ \t]*\n/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

class Reader {
  readonly change: z.input<typeof imageConfigChange> & { env: Record<string, string>; labels: Record<string, string> };
  #env: Env;
  #workdir: string;
  #expanded = 0;

  constructor(env: Env, workdir: string) {
    this.change = { env: {}, labels: {} };
    this.#env = env;
    this.#workdir = workdir;
  }

  take(line: string): void {
    const [, name = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line) ?? [];
    if (rest === '') throw refuse(`${name} needs an argument`);
    const { change } = this;
    switch (name.toUpperCase()) {
      case 'CMD':
        change.command = execForm(rest) ?? shellForm(rest);
        return;
      case 'ENTRYPOINT':
        change.entrypoint = execForm(rest) ?? shellForm(rest);
        return;
      case 'ENV':
        Object.assign(change.env, this.#pairs(name, rest));
        this.#env = { ...this.#env, ...change.env };
        return;
      case 'LABEL':
        Object.assign(change.labels, this.#pairs(name, rest));
        return;
      case 'EXPOSE':
        change.exposedPorts = [...(change.exposedPorts ?? []), ...this.#words(rest).flatMap(ports)];
        return;
      case 'USER':
        change.user = this.#word(rest);
        return;
      case 'WORKDIR':
        this.#workdir = resolvePath(this.#workdir, this.#word(rest));
        change.workdir = this.#workdir;
        return;
      case 'VOLUME':
        change.volumes = [...(change.volumes ?? []), ...(execForm(rest) ?? this.#words(rest))];
        return;
      case 'ONBUILD':
        if (/^(ONBUILD|MAINTAINER|FROM)\b/i.test(rest)) throw refuse(`${rest.split(/\s/)[0]} cannot be a trigger`);
        change.onBuild = [...(change.onBuild ?? []), rest];
        return;
      case 'HEALTHCHECK':
        change.healthcheck = healthcheck(rest);
        return;
      default:
        throw refuse(`${name.slice(0, 30)} is not an instruction that changes an image's configuration`);
    }
  }

  #word(text: string): string {
    const word = expandWord(text, this.#env);
    this.#expanded += word.length;
    if (this.#expanded > MAX_EXPANDED) throw refuse(`may have at most ${MAX_EXPANDED} characters, variables replaced`);
    return word;
  }

  #words(text: string): string[] {
    return splitWords(text).map((word) => this.#word(word));
  }

  /** `a=b c="d e"`, or the older `a b c`: all of the rest is one value. */
  #pairs(name: string, text: string): Record<string, string> {
    const words = splitWords(text);
    if (!words[0]?.includes('=')) {
      const [, key = '', value] = /^(\S+)\s+([\s\S]+)$/.exec(text) ?? [];
      if (value === undefined) throw refuse(`${name.toUpperCase()} needs a name and a value`);
      return { [this.#word(key)]: this.#word(value) };
    }
    return Object.fromEntries(
      words.map((word) => {
        const equals = word.indexOf('=');
        if (equals < 1) throw refuse(`${name.toUpperCase()} needs NAME=VALUE: ${word.slice(0, 100)}`);
        return [this.#word(word.slice(0, equals)), this.#word(word.slice(equals + 1))];
      }),
    );
  }
}

const strings = z.array(z.string());

/** `["a", "b"]`; null for anything else, which is the shell form then. */
function execForm(text: string): string[] | null {
  if (!text.startsWith('[')) return null;
  try {
    return strings.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

const shellForm = (text: string): string[] => ['/bin/sh', '-c', text];

/** `80`, `80/udp`, `8000-8010/tcp`. */
function ports(text: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last > 65_535 || last < first || last - first > 1000) {
    throw refuse(`EXPOSE needs PORT[-PORT][/PROTOCOL]: ${text.slice(0, 100)}`);
  }
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, step) => `${first + step}/${protocol}`);
}

function resolvePath(from: string, to: string): string {
  const parts: string[] = [];
  for (const part of (to.startsWith('/') ? to : `${from}/${to}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const seconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };
const options: Record<string, 'intervalSeconds' | 'timeoutSeconds' | 'startPeriodSeconds'> = {
  interval: 'intervalSeconds',
  timeout: 'timeoutSeconds',
  'start-period': 'startPeriodSeconds',
};

/** `NONE`, or `[--interval=30s …] CMD command`. */
function healthcheck(text: string): z.input<typeof imageConfigChange>['healthcheck'] {
  if (/^NONE$/i.test(text)) return { command: ['NONE'] };
  const match = /^((?:--[a-z-]+=\S+\s+)*)CMD\s+([\s\S]+)$/i.exec(text);
  if (!match) throw refuse('HEALTHCHECK needs NONE, or options and CMD');
  const [, flags = '', command = ''] = match;
  const exec = execForm(command);
  const check: NonNullable<z.input<typeof imageConfigChange>['healthcheck']> = {
    command: exec ? ['CMD', ...exec] : ['CMD-SHELL', command],
  };
  for (const flag of splitWords(flags)) {
    const [, option = '', value = ''] = /^--([a-z-]+)=(.+)$/.exec(flag) ?? [];
    const field = options[option];
    if (field) check[field] = duration(value);
    else if (option === 'retries' && /^\d+$/.test(value)) check.retries = Number(value);
    else throw refuse(`HEALTHCHECK: ${flag.slice(0, 100)} is not an option`);
  }
  return check;
}

function duration(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw refuse(`HEALTHCHECK: ${text.slice(0, 30)} is no duration`);
  let total = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (seconds[unit] ?? 0);
  }
  return total;
}
