/** Splits a command into words as the agent does: quotes and backslashes count, but no shell ever sees it. */

/** Throws for a quote that does not end. */
export function shellWords(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < command.length; at++) {
    const char = command.charAt(at);
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '#' && word === undefined) {
      while (at < command.length && command.charAt(at) !== '\n') at += 1;
    } else if (char === "'" || char === '"') {
      const end = closing(command, at);
      word = (word ?? '') + unescaped(command.slice(at + 1, end), char);
      at = end;
    } else if (char === '\\') {
      at += 1;
      word = (word ?? '') + command.charAt(at);
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Where the quote that opens there ends. */
function closing(command: string, start: number): number {
  const quote = command.charAt(start);
  for (let at = start + 1; at < command.length; at++) {
    if (command.charAt(at) === quote) return at;
    if (quote === '"' && command.charAt(at) === '\\') at += 1;
  }
  throw new Error('EOF found when expecting closing quote');
}

function unescaped(text: string, quote: string): string {
  return quote === '"' ? text.replace(/\\(.)/gs, '$1') : text;
}
