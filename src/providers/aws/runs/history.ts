/**
 * Which tasks a container had, for the one log that its tenant sees over all of its incarnations: each is written down when
 * its run goes. A rule of the bucket may let these documents expire together with the logs.
 */
import { z } from 'zod';
import type { CallOptions } from '../../provider.ts';
import { createDocument, readDocument, replaceDocument } from '../documents.ts';
import type { Site } from '../site.ts';
import type { RunRecord } from './records.ts';

const history = z.object({ tasks: z.array(z.string()) });
/** Of a container that is restarted for ever the oldest are left out. */
const mostTasks = 50;

/** ARNs, the oldest first. */
export async function readHistory(site: Site, containerId: string, options: CallOptions): Promise<string[]> {
  const found = await readDocument(site, nameOf(containerId), history, options);
  return found?.value.tasks ?? [];
}

/** Repeatable. */
export async function addToHistory(site: Site, record: RunRecord, options: CallOptions): Promise<void> {
  const { containerId, taskArn } = record;
  if (taskArn === null) return;
  const name = nameOf(containerId);
  for (;;) {
    const found = await readDocument(site, name, history, options);
    const tasks = found?.value.tasks ?? [];
    if (tasks.includes(taskArn)) return;
    const next = { tasks: [...tasks, taskArn].slice(-mostTasks) };
    const written = found
      ? await replaceDocument(site, name, next, found.etag, options)
      : await createDocument(site, name, next, options);
    if (written !== null) return;
  }
}

const nameOf = (containerId: string): string => `history/${containerId}`;
