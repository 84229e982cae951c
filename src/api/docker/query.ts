/**
 * The query string as the Engine reads it: unknown parameters are ignored, booleans are false for a few words only, and
 * filters come in two shapes of JSON.
 */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';

const filterShape = z.record(
  z.string(),
  z.union([z.array(z.string()), z.record(z.string(), z.boolean()).transform((values) => Object.keys(values))]),
);

/** Values by key: keys are ANDed; what several values mean is the key's affair (labels AND, others OR). */
export type Filters = ReadonlyMap<string, readonly string[]>;

export class Query {
  readonly #parameters: URLSearchParams;

  /** @param target the raw request target */
  constructor(target: string) {
    const start = target.indexOf('?');
    this.#parameters = new URLSearchParams(start === -1 ? '' : target.slice(start + 1));
  }

  /** The first value; undefined when absent or empty. */
  text(name: string): string | undefined {
    return this.#parameters.get(name) || undefined;
  }

  all(name: string): string[] {
    return this.#parameters.getAll(name).filter((value) => value !== '');
  }

  /** As the Engine: everything is true but "", 0, no, false and none. */
  flag(name: string, otherwise = false): boolean {
    const value = this.#parameters.get(name);
    return value === null ? otherwise : !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
  }

  /** Throws invalid for what is no integer within the bounds. */
  integer(name: string, { min, max }: { min: number; max: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new AppError('invalid', `Invalid value for ${name}: ${JSON.stringify(text)}`);
    }
    return value;
  }

  /** JSON of a parameter that is not `filters` (buildargs, labels …). Throws invalid. */
  json<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = schema.safeParse(parseJson(text, name));
    if (!parsed.success) throw new AppError('invalid', `Invalid value for ${name}`);
    return parsed.data;
  }

  /** @param allowed the keys that this operation knows; another one is an error with the Engine's text */
  filters(allowed: readonly string[]): Filters {
    const given = this.json('filters', filterShape) ?? {};
    for (const key of Object.keys(given)) {
      if (!allowed.includes(key)) throw new AppError('invalid', `Invalid filter '${key}'`);
    }
    return new Map(Object.entries(given));
  }
}

/** A filter that must be one boolean, as `dangling` is. Undefined when absent. */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key);
  if (!values) return undefined;
  const [value] = values;
  if (values.length !== 1 || !['1', 'true', '0', 'false'].includes(value ?? '')) {
    throw new AppError('invalid', `Invalid filter '${key}=${values.join(',')}'`);
  }
  return value === '1' || value === 'true';
}

/** `key` or `key=value` to what db filters take: null = any value. */
export function labelFilter(filters: Filters): Record<string, string | null> | undefined {
  const values = filters.get('label');
  if (!values) return undefined;
  return Object.fromEntries(
    values.map((label) => {
      const end = label.indexOf('=');
      return end === -1 ? [label, null] : [label.slice(0, end), label.slice(end + 1)];
    }),
  );
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError('invalid', `Invalid JSON in ${name}`);
  }
}

/** `label` and `label!` against what an object has: all of the former, none of the latter. */
export function hasLabels(labels: Record<string, string>, filters: Filters): boolean {
  const has = (wanted: string) => {
    const end = wanted.indexOf('=');
    return end === -1 ? Object.hasOwn(labels, wanted) : labels[wanted.slice(0, end)] === wanted.slice(end + 1);
  };
  return (filters.get('label') ?? []).every(has) && !(filters.get('label!') ?? []).some(has);
}
