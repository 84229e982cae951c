/**
 * Every command of Docker's over AWS: each row of the table of features is tried with the plain docker CLI, and is as the table
 * says. The table is printed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noteOf } from '../../src/domain/feature.ts';
import { features, standingAt } from '../../src/domain/features.ts';
import { hasMember } from '../../src/services/provider-features.ts';
import { openAwsDoor } from '../support/aws-door.ts';
import { containerRows } from './container-rows.ts';
import { imageRows } from './image-rows.ts';
import { insideRows } from './inside-rows.ts';
import { objectRows } from './object-rows.ts';
import { type Bench, openBench, type Row, type Rows } from './row.ts';
import { runRows } from './run-rows.ts';
import { streamRows } from './stream-rows.ts';

const door = await openAwsDoor();
const { provider } = door.app.deps;
const has = (member: string) => hasMember(provider, member);

let bench: Bench;
let rows: Rows;
const printed: string[] = [];

beforeAll(async () => {
  bench = await openBench(door);
  rows = {
    ...imageRows(bench),
    ...containerRows(bench),
    ...insideRows(bench),
    ...streamRows(bench),
    ...runRows(bench),
    ...objectRows(bench),
  };
}, 120_000);
afterAll(() => console.log(printed.join('\n')));

test('every feature has its row, and every row its feature', () => {
  expect(Object.keys(rows).sort()).toEqual(features.map(({ command }) => command).sort());
});

describe('docker', () => {
  test.for(features.map((feature) => [feature.command, feature] as const))(
    '%s',
    { timeout: 120_000 },
    async ([command, feature]) => {
      const standing = standingAt('aws', feature, has);
      const row = rows[command];
      if (!row) throw new Error(`${command} has no row`);
      const isRefused = 'refused' in row;
      expect({ command, isRefused }).toEqual({ command, isRefused: standing.verdict === 'refused' });
      await (isRefused ? refuses(row, noteOf(standing) ?? '') : row.check());
      const said = isRefused ? noteOf(standing) : row.checks;
      printed.push(`${command.padEnd(26)} ${standing.verdict.padEnd(12)} ${said}`);
    },
  );
});

async function refuses(row: Extract<Row, { refused: string[] }>, note: string): Promise<void> {
  await row.prepare?.();
  const before = await door.a.ok(['ps', '-a', '-q']);
  const { exitCode, stdout, stderr } = await door.a.run(row.refused, { input: row.input ?? '' });
  expect(stdout + stderr).toContain(note);
  expect(exitCode).not.toBe(0);
  expect(await door.a.ok(['ps', '-a', '-q'])).toBe(before);
}
