/** API versions as clients write them into paths, `1.24` to `1.51`, and what is said to those outside. */
import { AppError } from '../../domain/errors.ts';

export const OLDEST_API = '1.24';
export const NEWEST_API = '1.51';

/** Both as `1.NN`. */
export const isBefore = (version: string, than: string): boolean => minor(version) < minor(than);

const minor = (version: string): number => Number(version.slice(2));

export const isServed = (version: string | undefined): boolean =>
  version === undefined ||
  (/^1\.\d{1,3}$/.test(version) && !isBefore(NEWEST_API, version) && !isBefore(version, OLDEST_API));

/** @param version as in a path; undefined for a path without one, which means the newest. Throws invalid with the Engine's text. */
export function checkVersion(version: string | undefined): string {
  if (version === undefined) return NEWEST_API;
  if (!/^1\.\d{1,3}$/.test(version) || isBefore(NEWEST_API, version)) {
    throw new AppError(
      'invalid',
      `client version ${version} is too new. Maximum supported API version is ${NEWEST_API}`,
    );
  }
  if (isBefore(version, OLDEST_API)) {
    throw new AppError(
      'invalid',
      `client version ${version} is too old. Minimum supported API version is ${OLDEST_API}, please upgrade your client to a newer version`,
    );
  }
  return version;
}
