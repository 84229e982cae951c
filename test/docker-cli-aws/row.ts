/** What a row of the table does: it has an effect that is looked at, or it is refused with the documented sentence. */
import { expect } from 'vitest';
import type { AwsDoor } from '../support/aws-door.ts';
import { waitFor } from '../support/wait-for.ts';

export type Row =
  | { checks: string; check: () => Promise<void> }
  /** The whole command line, behind `docker`. */
  | { refused: string[]; input?: string; prepare?: () => Promise<unknown> };

export type Rows = Record<string, Row>;

export interface Bench extends AwsDoor {
  /** A container that runs while the table is gone through. */
  box: string;
  /** Starts it detached and answers its name. */
  started(options: string[], ...command: string[]): Promise<string>;
  /** Starts it, and waits until its log has that. Its name; it is gone afterwards. */
  says(expected: string | RegExp, options: string[], ...command: string[]): Promise<void>;
  logged(name: string, expected: string | RegExp): Promise<string>;
  /** Of inspect's answer. */
  shown(name: string, format: string): Promise<string>;
}

const patient = { timeoutMs: 40_000, intervalMs: 200 };

export async function openBench(door: AwsDoor): Promise<Bench> {
  const { a, image } = door;
  let count = 0;
  const started = async (options: string[], ...command: string[]) => {
    count += 1;
    const name = `c${count}`;
    await a.ok(['run', '-d', ...options, '--name', name, image, ...command]);
    return name;
  };
  const logged = (name: string, expected: string | RegExp) =>
    waitFor(async () => {
      const text = await a.ok(['logs', name]);
      expect(text).toMatch(expected);
      return text || ' ';
    }, patient);
  await a.ok(['pull', '-q', image]);
  const box = 'box';
  await a.ok(['run', '-d', '--name', box, '--label', 'role=box', image, 'sh', '-c', 'echo up; sleep 3000']);
  await waitFor(async () => (await a.ok(['ps', '-q'])) !== '', patient);
  return {
    ...door,
    box,
    started,
    logged,
    shown: (name, format) => a.ok(['inspect', name, '--format', format]),
    says: async (expected, options, ...command) => {
      const name = await started(options, ...command);
      await logged(name, expected);
      await a.ok(['rm', '-f', name]);
    },
  };
}

export { patient };
