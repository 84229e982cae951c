/** How our scripts on files end, and what that means to a tenant. */
import { AppError } from '../../../domain/errors.ts';

/** Which tar does not have. */
export const codes = { missing: 44, misplaced: 45, noTar: 46, occupied: 47, broken: 48 };

export function refuse(code: number | null, path: string): void {
  if (code === codes.missing) {
    throw new AppError('not_found', `No such path in the container: ${path}`, { details: { path } });
  }
  if (code === codes.misplaced) throw new AppError('invalid', `Not a folder in the container: ${path}`);
  if (code === codes.noTar) throw new AppError('unsupported', 'The image lacks tar, which files need here');
  if (code === codes.occupied) {
    throw new AppError('invalid', `A folder and something else would replace each other in the container: ${path}`);
  }
}

/** Half a tar must not pass for a whole one. */
export const brokenOff = (cause?: unknown): AppError =>
  new AppError('unavailable', 'The container broke off its files', { cause });
