/**
 * The language of pretended commands. Known: `echo TEXT [>&2]`, `sleep SECONDS`, `exit CODE`, `true`, `false`, `cat`,
 * `trap 'BODY' SIGNAL` (a body of echo and exit; '' ignores), and `sh -c` with a list of them separated by `;` or newlines.
 * Quotes and $NAME work as in a shell. Any other command prints its arguments and sleeps for ever: as an image's program, that
 * is; one that is run beside it is not found. Pure.
 */
import { AppError } from '../../domain/errors.ts';

export type Immediate = { kind: 'echo'; stream: 'stdout' | 'stderr'; text: string } | { kind: 'exit'; code: number };
export type Statement =
  | Immediate
  | { kind: 'sleep'; ms: number }
  | { kind: 'cat' }
  | { kind: 'trap'; signal: string; body: Immediate[] };

/** How to name what does not exist, a command or an image: `no-such-…`, `…missing`, `…nothing`. */
export const isNamedAbsent = (name: string): boolean => /^no-such-|(missing|nothing)$/.test(name);

/** Longer sleeps do not fit a timer and count as for ever. */
const longestSleepMs = 2 ** 31 - 1;

/** What a command line does. Throws `invalid` with exit code 127 when there is no such command: none at all, or one named like something absent. */
export function parseCommand(
  argv: readonly string[],
  env: Record<string, string>,
  unknown: Unknown = sleepsForEver,
): Statement[] {
  const [command, flag, script] = argv;
  if (command === undefined || isNamedAbsent(command)) {
    throw new AppError('invalid', `The command ${JSON.stringify(command ?? '')} was not found in the image.`, {
      details: { exitCode: 127 },
    });
  }
  const isShell = /^(\/bin\/)?(sh|bash)$/.test(command);
  if (!isShell) return statements(argv, unknown);
  const lines = () => splitScript(script ?? '', env).flatMap((words) => statements(words, unknown));
  return flag === '-c' ? lines() : [{ kind: 'cat' }];
}

/** What a command does that is none of the known ones. */
type Unknown = (words: readonly string[]) => Statement[];

const sleepsForEver: Unknown = (words) => [
  { kind: 'echo', stream: 'stdout', text: words.join(' ') },
  { kind: 'sleep', ms: Number.POSITIVE_INFINITY },
];

export const isNotFound: Unknown = ([command]) => [
  { kind: 'echo', stream: 'stderr', text: `${command}: not found` },
  { kind: 'exit', code: 127 },
];

function statements(words: readonly string[], unknown: Unknown): Statement[] {
  const [command = '', ...rest] = words;
  switch (command) {
    case 'echo': {
      const toStderr = rest.at(-1) === '>&2';
      return [
        { kind: 'echo', stream: toStderr ? 'stderr' : 'stdout', text: (toStderr ? rest.slice(0, -1) : rest).join(' ') },
      ];
    }
    case 'sleep': {
      const ms = Number(rest[0]) * 1000;
      return [{ kind: 'sleep', ms: ms <= longestSleepMs ? ms : Number.POSITIVE_INFINITY }];
    }
    case 'exit':
      return [{ kind: 'exit', code: Number(rest[0] ?? 0) & 255 }];
    case 'true':
    case 'false':
      return [{ kind: 'exit', code: command === 'true' ? 0 : 1 }];
    case 'cat':
      return [{ kind: 'cat' }];
    case 'trap': {
      const body = splitScript(rest[0] ?? '', {})
        .flatMap((line) => statements(line, unknown))
        .filter(isImmediate);
      return [{ kind: 'trap', signal: (rest[1] ?? 'TERM').replace(/^SIG/, ''), body }];
    }
    default:
      return unknown(words);
  }
}

function isImmediate(statement: Statement): statement is Immediate {
  return statement.kind === 'echo' || statement.kind === 'exit';
}

/** Words of each statement; single quotes keep everything, double quotes keep blanks, `\` keeps the next character. */
function splitScript(script: string, env: Record<string, string>): string[][] {
  const token = /'([^']*)'|"([^"]*)"|\\(.)|(;|\n)|([ \t]+)|([^\s;'"\\]+)/g;
  const expand = (text: string) =>
    text.replace(
      /\$(?:(\w+)|\{(\w+)\})/g,
      (_, plain: string | undefined, braced: string | undefined) => env[plain ?? braced ?? ''] ?? '',
    );
  const lines: string[][] = [];
  let line: string[] = [];
  let word: string | null = null;
  const endWord = () => {
    if (word !== null) line.push(word);
    word = null;
  };
  const endLine = () => {
    endWord();
    if (line.length > 0) lines.push(line);
    line = [];
  };
  for (const [, single, double, escaped, separator, blank, plain] of script.matchAll(token)) {
    if (separator !== undefined) endLine();
    else if (blank !== undefined) endWord();
    else word = (word ?? '') + (single ?? escaped ?? expand(double ?? plain ?? ''));
  }
  endLine();
  return lines;
}
