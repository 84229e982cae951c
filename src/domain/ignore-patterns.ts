/**
 * `.dockerignore`: https://docs.docker.com/build/concepts/context/#dockerignore-files. Pure, and in time that grows with pattern times
 * path: patterns are a tenant's.
 */

/** Whether the last pattern that matches a path, or a folder above it, takes it out. */
export function isIgnored(path: string, patterns: string): boolean {
  const names = path.split('/');
  let ignored = false;
  for (const line of patterns.replace(/^\ufeff/, '').split(/\r?\n/)) {
    const [, not, pattern = ''] = /^(!?)\s*(.*)$/.exec(line.startsWith('#') ? '' : line.trim()) ?? [];
    const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.length > 0 && isBelow(parts, names)) ignored = not === '';
  }
  return ignored;
}

/** Whether the pattern matches the path or a folder above it. */
function isBelow(parts: string[], names: string[]): boolean {
  const step = (reached: Set<number>, part: string): Set<number> => {
    if (part === '**') return new Set(from(Math.min(...reached), names.length));
    return new Set([...reached].filter((at) => at < names.length && fits(part, names[at] ?? '')).map((at) => at + 1));
  };
  let reached = new Set([0]);
  for (const part of parts) {
    if (reached.size === 0) return false;
    reached = step(reached, part);
  }
  reached.delete(0);
  return reached.size > 0;
}

const from = (start: number, end: number): number[] => Array.from({ length: end - start + 1 }, (_, at) => start + at);

/** One name: `*`, `?`, `[a-z]`, and `\` before what is meant as it is. */
function fits(pattern: string, name: string): boolean {
  const tokens = pattern.match(/\*+|\[\^?[^\]]+\]|\\.|./gs) ?? [];
  const characters = [...name];
  let reached = new Set([0]);
  for (const token of tokens) {
    if (reached.size === 0) return false;
    reached = token.startsWith('*')
      ? new Set(from(Math.min(...reached), characters.length))
      : new Set([...reached].filter((at) => isOne(token, characters[at])).map((at) => at + 1));
  }
  return reached.has(characters.length);
}

function isOne(token: string, character: string | undefined): boolean {
  if (character === undefined) return false;
  if (token === '?') return true;
  if (token.startsWith('\\') && token.length > 1) return token.slice(1) === character;
  if (!token.startsWith('[') || token.length === 1) return token === character;
  const isNot = token[1] === '^';
  const ranges = token.slice(isNot ? 2 : 1, -1).match(/.-.|./gs) ?? [];
  return ranges.some((range) => character >= (range[0] ?? '') && character <= (range.at(-1) ?? '')) !== isNot;
}
