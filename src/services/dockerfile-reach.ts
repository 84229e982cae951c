/**
 * What an instruction may reach: nothing but the tenant's files and images, and no label of the control plane's. The builder takes
 * quotes and escapes away and replaces variables, so that what it may come to see is judged, not what is written.
 */
import { AppError } from '../domain/errors.ts';
import { bad, type Instruction, parseInstruction } from './dockerfile.ts';

const reserved = 'longshore.';
const schemes = ['http://', 'https://', 'git://', 'git@', 'ssh://', 'ftp://', 'github.com/'];

/** Throws for what fetches from elsewhere, and what will do so in a later build. */
export function refuseBeyond(instruction: Instruction): void {
  const { keyword, flags, rest, line } = instruction;
  const flag = flags.find((each) =>
    /^--(mount|network|security|link|checksum|keep-git-dir|exclude|parents)\b/.test(each),
  );
  if (flag !== undefined) {
    throw new AppError('unsupported', `line ${line}: the ${flag.split('=', 1)[0]} option of ${keyword} needs BuildKit`);
  }
  if (keyword === 'ADD' && sourcesOf(rest, line).some(mayBeUrl)) {
    throw new AppError(
      'forbidden',
      `line ${line}: ADD from a URL, or from a variable that may be one, is refused; put the file into the build context, or fetch it in a RUN`,
    );
  }
  if (keyword === 'LABEL' && mayBeReserved(rest)) {
    throw bad(line, `names of labels that begin with "${reserved}" are reserved, also where a variable may make one`);
  }
  if (keyword !== 'ONBUILD') return;
  // The builder itself runs it where a later stage of the same Dockerfile begins with this one.
  const trigger = parseInstruction(rest, line);
  if (trigger.flags.some((each) => each.startsWith('--from'))) {
    throw new AppError(
      'forbidden',
      `line ${line}: ONBUILD COPY --from is refused; write it into the Dockerfiles that need it`,
    );
  }
  refuseAsTrigger(trigger.keyword, line);
  refuseBeyond(trigger);
}

export function refuseAsTrigger(keyword: string, line: number): void {
  if (keyword === 'ONBUILD' || keyword === 'FROM' || keyword === 'MAINTAINER') {
    throw bad(line, `${keyword} isn't allowed as an ONBUILD trigger`);
  }
}

const bare = (text: string): string => text.replaceAll(/["'\\`]/g, '');

/** The builder reads the first value of what begins like a list, whatever follows it, and expands its words like any other. */
function sourcesOf(rest: string, line: number): string[] {
  const words = rest.startsWith('[') ? listOf(rest) : rest.split(/\s+/);
  if (!words) throw bad(line, 'ADD: what begins with "[" must be a list of texts in JSON, and nothing else');
  return words.map(bare).slice(0, -1);
}

function listOf(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : null;
  } catch {
    return null;
  }
}

/** Whatever stands before a variable: no value can make a URL of it unless it begins like one. */
function mayBeUrl(source: string): boolean {
  const [literal = ''] = source.toLowerCase().split('$', 1);
  return schemes.some((scheme) => mayBegin(source, scheme)) || /\.git(#|$)/.test(literal);
}

/** However its words are quoted: each that may be a name. */
function mayBeReserved(rest: string): boolean {
  return bare(rest)
    .split(/\s+/)
    .some((word, position) => {
      const isName = position === 0 || word.includes('=');
      return isName ? mayBegin(word.split('=', 1)[0] ?? '', reserved) : word.toLowerCase().startsWith(reserved);
    });
}

/** Whether a text with its variables replaced, whatever they are, may begin so. */
function mayBegin(text: string, beginning: string): boolean {
  const [literal = ''] = text.toLowerCase().split('$', 1);
  return literal.startsWith(beginning) || (text.includes('$') && beginning.startsWith(literal));
}
