/**
 * One JSON document as text to its value. JSON.parse keeps the last of two equal keys where the Engine's parser merges both,
 * so that a body could say one thing to us and another to its reader: such a document is refused.
 */
import { AppError } from '../../domain/errors.ts';

/** Throws invalid: no JSON, more than one document, or a key that an object has twice. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('invalid', 'invalid JSON: the body must be one JSON document', { cause });
  }
  checkKeys(text);
  return value;
}

/** @param text of valid JSON, so that a string before a colon is a key and braces pair up */
function checkKeys(text: string): void {
  const objects: Set<string>[] = [];
  let position = 0;
  let lastString = '';
  while (position < text.length) {
    const character = text[position];
    if (character === '"') {
      const end = endOfString(text, position);
      lastString = text.slice(position, end);
      position = end;
      continue;
    }
    if (character === '{') objects.push(new Set());
    else if (character === '}') objects.pop();
    else if (character === ':') addKey(objects.at(-1), lastString);
    position += 1;
  }
}

/** Behind its closing quote. */
function endOfString(text: string, start: number): number {
  let position = start + 1;
  while (text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position + 1;
}

function addKey(keys: Set<string> | undefined, written: string): void {
  const key: string = JSON.parse(written);
  // It would be lost on the way through JavaScript's objects.
  if (key === '__proto__') throw new AppError('invalid', 'invalid JSON: the key "__proto__" is not allowed');
  if (keys?.has(key)) {
    throw new AppError('invalid', `invalid JSON: the key ${JSON.stringify(key.slice(0, 200))} is there twice`);
  }
  keys?.add(key);
}
