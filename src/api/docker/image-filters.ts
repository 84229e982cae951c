/** Filters of images, and patterns of their names as the Engine reads them. */
import { AppError } from '../../domain/errors.ts';
import type { Image } from '../../domain/image.ts';
import { tagsOf } from './image-views.ts';
import type { Filters } from './query.ts';

export const listFilters = ['before', 'dangling', 'label', 'reference', 'since', 'until'] as const;
export const pruneFilters = ['dangling', 'label', 'label!', 'until'] as const;

export interface ShownNames {
  tags: string[];
  repoDigests: string[];
}

/** Of an image, the names that a `reference` filter leaves; null when it leaves none. Without the filter all. */
export function namesShown(filters: Filters, image: Image): ShownNames | null {
  const all = { tags: tagsOf(image), repoDigests: image.repoDigests };
  const patterns = filters.get('reference');
  if (!patterns) return all;
  const matches = patterns.map(patternOf);
  const fits = (name: string, repository: string) =>
    matches.some((match) => match.test(name) || match.test(repository));
  const shown = {
    tags: all.tags.filter((name) => fits(name, name.slice(0, name.lastIndexOf(':')))),
    repoDigests: all.repoDigests.filter((name) => fits(name, name.split('@')[0] ?? name)),
  };
  return shown.tags.length > 0 || shown.repoDigests.length > 0 ? shown : null;
}

/** `*` and `?` stop at a slash; `[a-z]` is a class. Throws invalid for a class without an end. */
function patternOf(text: string): RegExp {
  const source = text.replace(/\*|\?|\[\^?[^\]/]+\]|\\.|[^*?[\\]+|[[\\]/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part === '[') throw new AppError('invalid', `Invalid filter 'reference=${text}'`);
    if (part.startsWith('[')) return part.replaceAll('\\', '\\\\');
    return (part.startsWith('\\') ? part.slice(1) : part).replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`);
  } catch (error) {
    throw new AppError('invalid', `Invalid filter 'reference=${text}'`, { cause: error });
  }
}

/** `until`: a time, seconds since 1970, or how long ago (`24h`, `10m30s`). Throws invalid. */
export function createdBefore(filters: Filters, now: number): number | undefined {
  const values = filters.get('until');
  if (!values) return undefined;
  const [text = ''] = values;
  const at = values.length === 1 ? momentOf(text, now) : Number.NaN;
  if (Number.isNaN(at)) throw new AppError('invalid', `Invalid filter 'until=${values.join(',')}'`);
  return at;
}

const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

function momentOf(text: string, now: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return Date.parse(text);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  return now - parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0);
}
