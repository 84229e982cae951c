/** What an operator should know about an Engine before strangers' containers run on it. */
import { z } from 'zod';
import type { CallOptions } from '../provider.ts';
import type { Site } from './client.ts';

const version = z.object({ Components: z.array(z.object({ Name: z.string(), Version: z.string() })).nullish() });

/** The first runc that closes CVE-2024-21626 (a container can reach the host's files). */
const soundRunc = '1.1.12';

/** Sentences for a person; none when nothing is known against the Engine. */
export async function warningsAbout(site: Site, options: CallOptions): Promise<string[]> {
  const request = { method: 'GET', path: '/version', subject: { noun: 'engine' } } as const;
  const { Components } = await site.engine.ask(request, version, options);
  const runc = Components?.find(({ Name }) => Name === 'runc')?.Version;
  if (runc === undefined || !isOlder(runc, soundRunc)) return [];
  return [
    `The Docker Engine runs containers with runc ${runc}, older than ${soundRunc}: unless your distribution has patched it, ` +
      'CVE-2024-21626 lets a container reach the files of the host. Let only tenants that you trust use this Engine.',
  ];
}

/** Compares the leading numbers; what a distribution appends says nothing that could be compared. */
function isOlder(found: string, wanted: string): boolean {
  const numbers = /^v?\d+(\.\d+)*/.exec(found)?.[0].replace('v', '');
  return numbers !== undefined && numbers.localeCompare(wanted, 'en', { numeric: true }) < 0;
}
