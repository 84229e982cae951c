/** When the Engine started. Its API does not say; the socket it made when it did so does. */
import { stat } from 'node:fs/promises';

/** Null for an Engine that is reached over TCP, or is away. */
export async function engineStartedAt(dockerHost: string): Promise<Date | null> {
  if (!dockerHost.startsWith('unix://')) return null;
  try {
    return (await stat(dockerHost.slice('unix://'.length))).mtime;
  } catch {
    return null;
  }
}
