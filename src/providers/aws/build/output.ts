/** What a build machine's log says of a build: the builder's own lines, how it ended, and why. Pure. */
import { AppError } from '../../../domain/errors.ts';

export type Ending = 'done' | AppError;

export interface BuildOutput {
  /** What of a line is for the tenant, in the pieces that an Engine sends: the line of a step ends in one of its own. */
  shown(line: string): string[];
  /** Null while it goes on. */
  ending(): Ending | null;
}

/** @param mark begins our lines; see machine-script.ts @param readable puts what the tenant knows in place of what it does not */
export function createBuildOutput(mark: string, readable: (text: string) => string): BuildOutput {
  let begun = false;
  let last = '';
  let ending: Ending | null = null;
  return {
    ending: () => ending,
    shown(line) {
      if (line.startsWith(`${mark}!`)) ending ??= endingOf(line.slice(mark.length + 1), last);
      if (!line.startsWith(`${mark}>`)) return [];
      const text = readable(line.slice(mark.length + 1));
      if (text.trim() !== '') last = text;
      // Before its first step the client talks of itself.
      begun ||= /^Step 1\/\d+ : /.test(text);
      // The door says this itself, of the image as the tenant has it.
      if (!begun || text.startsWith('Successfully built ')) return [];
      return /^Step \d+\/\d+ : /.test(text) ? [text, '\n'] : [`${text}\n`];
    },
  };
}

const reasons: Record<string, string> = {
  login: 'The build machine could not log in to ECR',
  base: 'The build machine could not pull an image that the build begins with',
  push: 'The build machine could not push its image to ECR',
};

/** @param said the builder's last words */
function endingOf(notice: string, said: string): Ending | null {
  if (notice === 'done') return 'done';
  const reason = reasons[notice];
  if (reason !== undefined) return new AppError('unavailable', reason);
  const [, code] = /^code (\d+)$/.exec(notice) ?? [];
  if (code === undefined || code === '0') return null;
  const [, exitCode] = /^The command '[\s\S]*' returned a non-zero code: (\d+)$/.exec(said) ?? [];
  if (exitCode !== undefined) return new AppError('invalid', said, { details: { exitCode: Number(exitCode) } });
  // The machine is the tenant's alone, and so is whatever its builder complains of.
  const why = said
    .replace(/^(?:Error response from daemon|ERROR): /i, '')
    .replace(/^(dockerfile parse error) line \d+/i, '$1');
  return new AppError('invalid', why === '' ? 'The build failed' : why);
}
