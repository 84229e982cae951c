/** Paths of the machine that the Engine runs on, where that is this one. */
import { realpath } from 'node:fs/promises';

/** Only an Engine behind a local socket sees the same files as this process. */
export const sharesFiles = (dockerHost: string): boolean => dockerHost.startsWith('unix://');

/** With every symbolic link resolved; null when nothing is there, or nothing that may be looked at. */
export async function hostPath(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG'].includes(code ?? '')) return null;
    throw error;
  }
}
