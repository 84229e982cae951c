/** What a function needs before it may start. */
import { expect, test } from 'vitest';
import { parseFunctionConfig } from '../../src/lambda/settings.ts';

const database = { DATABASE_URL: 'postgres://nobody@nowhere' };

test('a function has two connections in all, one of each role, and waits for its database', () => {
  const memory = { ...database, LONGSHORE_PROVIDER: 'memory' };
  expect(parseFunctionConfig(memory)).toMatchObject({
    LONGSHORE_DATABASE_CONNECTIONS: 1,
    LONGSHORE_DATABASE_WAIT_SECONDS: 20,
  });
  expect(parseFunctionConfig({ ...memory, LONGSHORE_DATABASE_CONNECTIONS: '8' }).LONGSHORE_DATABASE_CONNECTIONS).toBe(
    4,
  );
});

test('a Docker Engine is out of reach', () => {
  expect(() => parseFunctionConfig(database)).toThrow(/^LONGSHORE_PROVIDER: must be aws/);
});

test('all that is missing is in one line', () => {
  expect(() => parseFunctionConfig({ LONGSHORE_PROVIDER: 'aws' })).toThrow(
    /^DATABASE_URL or .*LONGSHORE_AWS_BUCKET: is missing$/,
  );
});
