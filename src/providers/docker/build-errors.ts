/**
 * Why a build failed. What the builder says of the tenant's own Dockerfile and files is for the tenant to read; everything else
 * that the Engine says is not.
 */
import { AppError } from '../../domain/errors.ts';
import { toAppError } from './errors.ts';

const readable = [
  /^(?:COPY|ADD) failed: file not found in build context or excluded by \.dockerignore: stat [^/].*: file does not exist$/,
  /^(?:COPY|ADD) failed: no source files were specified$/,
  /^When using (?:COPY|ADD) with more than one source file, the destination must be a directory and end with a \/$/,
  /^failed to reach build target \S+ in Dockerfile$/,
  /^The --?\w+ option requires BuildKit/i,
  /^unable to convert uid\/gid chown string to host mapping: can't find (?:uid|gid) for (?:user|group) [^/]+$/,
  /^invalid from flag value \S+: refers to current build block$/,
  /^(?:dockerfile parse error|Syntax error|Unknown flag|Unknown instruction|Bad input to|Invalid|No default|SHELL|ENTRYPOINT|CMD|ENV|LABEL|EXPOSE|VOLUME|USER|WORKDIR|STOPSIGNAL|HEALTHCHECK|ARG|COPY|ADD|RUN|MAINTAINER|ONBUILD|FROM)\b[^/]*$/i,
] as const;

/** @param step the instruction at work, as the tenant wrote it */
export function buildFailure(error: unknown, code: number | undefined, step: string, signal?: AbortSignal): AppError {
  if (error instanceof AppError) return readableOf(textOf(error.cause), error) ?? error;
  const text = textOf(error);
  const [, exitCode] = /returned a non-zero code: (\d+)$/.exec(text) ?? [];
  if (text.startsWith("The command '") && exitCode !== undefined) {
    return new AppError('invalid', text, { details: { exitCode: code ?? Number(exitCode) } });
  }
  const said = readableOf(text, error);
  if (said) return said;
  const known = toAppError(
    error instanceof Error ? error : new Error(text),
    { noun: 'image' },
    signal ?? new AbortController().signal,
  );
  if (known.code === 'timeout' || known.code === 'unavailable') return known;
  const at = step === '' ? '' : ` at "${step}"`;
  const why = known.code === 'internal' ? '' : `: ${known.message}`;
  return new AppError(known.code === 'internal' ? 'internal' : 'invalid', `The build failed${at}${why}`, {
    cause: error,
    details: known.details,
  });
}

const textOf = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim() : String(error);

function readableOf(text: string, cause: unknown): AppError | null {
  // The builder counts the lines of what was made of the Dockerfile, not those of the Dockerfile.
  const said = text.replace(/^(dockerfile parse error) line \d+/i, '$1');
  return readable.some((pattern) => pattern.test(said)) ? new AppError('invalid', said, { cause }) : null;
}
