/**
 * Dockerfiles, one instruction a line: what is written here is read by the builder exactly as it was read here, whatever either
 * thinks of blanks, comments, continued lines and escapes. https://docs.docker.com/reference/dockerfile/
 */
import { Copy, DockerfileParser, Run } from 'dockerfile-ast';
import { AppError } from '../domain/errors.ts';

export interface Instruction {
  /** In capitals. */
  keyword: string;
  /** `--name[=value]`, before all arguments. */
  flags: string[];
  rest: string;
  /** In the file, from 1. */
  line: number;
  /** As it was written, in one line. */
  shown: string;
}

export interface Dockerfile {
  /** What takes the meaning from the next character: `\` or a backtick. */
  escaping: string;
  instructions: Instruction[];
}

const keywords = new Set([
  ...['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL', 'MAINTAINER'],
  ...['ONBUILD', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'],
]);
/** Reading one takes a time that grows faster than its length, in which nobody else is served. */
export const LONGEST_DOCKERFILE = 64 * 1024;
export const MOST_INSTRUCTIONS = 2000;

/** Throws invalid, naming the line as the builder would. */
export function parseDockerfile(text: string): Dockerfile {
  const source = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  if (source.length > LONGEST_DOCKERFILE) throw new AppError('invalid', 'The Dockerfile is longer than 64 KiB');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(source)) {
    throw new AppError('invalid', 'The Dockerfile has control characters in it');
  }
  const parsed = DockerfileParser.parse(source);
  const escaping = parsed.getEscapeCharacter();
  const lines = source.split('\n');
  const found = parsed.getInstructions();
  if (found.length > MOST_INSTRUCTIONS) throw tooMany();
  const instructions = found.map((instruction): Instruction => {
    const { start, end } = instruction.getRange();
    const shown = joined(lines.slice(start.line, end.line + 1), escaping);
    const mayHave = shown.includes('<<') && (instruction instanceof Copy || instruction instanceof Run);
    const heredocs = mayHave ? instruction.getHeredocs() : [];
    const made = parseInstruction(shown, start.line + 1);
    if (heredocs.length > 0) throw bad(made.line, 'here-documents need BuildKit');
    return made;
  });
  if (instructions.length === 0) throw new AppError('invalid', 'file with no instructions');
  return { escaping, instructions };
}

export const tooMany = () =>
  new AppError('limit', `A build may have at most ${MOST_INSTRUCTIONS} instructions, those of triggers included`);

/** @param text in one line */
export function parseInstruction(text: string, line: number): Instruction {
  const [, written = '', after = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  const keyword = written.toUpperCase();
  if (!keywords.has(keyword)) throw bad(line, `unknown instruction: ${keyword}`);
  const flags: string[] = [];
  let rest = after;
  for (;;) {
    const [whole, flag] = /^(--\S*)(?:\s+|$)/.exec(rest) ?? [];
    if (whole === undefined || flag === undefined) break;
    // Of anything else there would be a second way to read it: the builder takes bytes of other letters for blanks.
    if (!/^--[a-z-]+(=[!#-&(-[\]-_a-~]*)?$/.test(flag)) throw bad(line, `Unknown flag: ${flag}`);
    flags.push(flag);
    rest = rest.slice(whole.length);
  }
  return { keyword, flags, rest: rest.trim(), line, shown: text };
}

/** Continued lines are one, and what is empty or a comment between them is nothing. */
function joined([first = '', ...more]: string[], escaping: string): string {
  const kept = [first, ...more.filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'))];
  const parts = kept.map((line, position) => {
    const end = line.trimEnd();
    return position < kept.length - 1 && end.endsWith(escaping) ? end.slice(0, -1) : line;
  });
  return parts.join('').trim();
}

function writeInstruction({ keyword, flags, rest }: Pick<Instruction, 'keyword' | 'flags' | 'rest'>): string {
  return [keyword, ...flags, rest].filter(Boolean).join(' ');
}

/** Throws invalid where a line would continue in the next. */
export function writeDockerfile({ escaping, instructions }: Dockerfile): string {
  for (const { rest, line } of instructions) {
    if (rest.endsWith(escaping)) throw bad(line, 'the last line of an instruction ends as if it continued');
  }
  const directive = escaping === '\\' ? [] : [`# escape=${escaping}`];
  return `${[...directive, ...instructions.map(writeInstruction)].join('\n')}\n`;
}

export function bad(line: number, what: string): AppError {
  return new AppError('invalid', `dockerfile parse error line ${line}: ${what}`);
}
