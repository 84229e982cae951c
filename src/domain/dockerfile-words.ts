/**
 * Words of a Dockerfile: quotes, escapes and variables as its reference says
 * (https://docs.docker.com/reference/dockerfile/#environment-replacement). Pure.
 */
import { AppError } from './errors.ts';

export type Env = Readonly<Record<string, string>>;

const token =
  /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|\$(?:(\w+)|\{(\w+)(?:(:[-+])((?:[^}\\]|\\[\s\S])*))?\})|([^\\'"$]+|\$(?!\{))/gy;

/** Splits at blanks outside of quotes; the words keep their quotes. */
export function splitWords(text: string): string[] {
  return text.match(/(?:[^\s'"\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"|['"])+/g) ?? [];
}

const MOST_CHARACTERS = 1024 * 1024;

/** Without quotes and with variables replaced. Throws invalid for a quote that does not end and the like, and for what grows without end. */
export function expandWord(word: string, env: Env): string {
  let text = '';
  token.lastIndex = 0;
  while (token.lastIndex < word.length) {
    const match = token.exec(word);
    if (!match) throw new AppError('invalid', `changes: cannot be read: ${word.slice(0, 100)}`);
    const [, single, double, escaped, name, braced, operator, operand = '', plain] = match;
    const place = token.lastIndex;
    if (double !== undefined) text += expandQuoted(double, env);
    else if (name !== undefined || braced !== undefined)
      text += variable(env[name ?? braced ?? ''], operator, operand, env);
    else text += single ?? escaped ?? plain;
    if (text.length > MOST_CHARACTERS) throw new AppError('invalid', 'changes: become longer than 1 MiB');
    token.lastIndex = place;
  }
  return text;
}

/** In double quotes only `"`, `$` and `\` are escaped, and single quotes are characters. */
function expandQuoted(text: string, env: Env): string {
  const protectedText = text.replace(/\\(["$\\])|(\\)|'/g, (whole, special: string | undefined) =>
    special === undefined ? `\\${whole}` : `\\${special}`,
  );
  return expandWord(protectedText, env);
}

function variable(value: string | undefined, operator: string | undefined, operand: string, env: Env): string {
  const isSet = value !== undefined && value !== '';
  if (operator === ':-') return isSet ? value : expandWord(operand, env);
  if (operator === ':+') return isSet ? expandWord(operand, env) : '';
  return value ?? '';
}
