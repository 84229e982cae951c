import { expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';

const database = { DATABASE_URL: 'postgres://nobody@nowhere' };
const aws = {
  ...database,
  LONGSHORE_PROVIDER: 'aws',
  LONGSHORE_AWS_VPC: 'vpc-0a1b',
  LONGSHORE_AWS_SUBNETS: 'subnet-0a, subnet-0b',
  LONGSHORE_AWS_EXECUTION_ROLE: 'arn:aws:iam::111122223333:role/longshore/{tenant}/execution',
  LONGSHORE_AWS_BUCKET: 'longshore-records',
};

test('the settings of AWS are needed for AWS only', () => {
  expect(parseConfig(database).LONGSHORE_PROVIDER).toBe('docker');
  expect(parseConfig(aws)).toMatchObject({
    LONGSHORE_PROVIDER: 'aws',
    LONGSHORE_AWS_SUBNETS: ['subnet-0a', 'subnet-0b'],
    LONGSHORE_AWS_PREFIX: 'longshore',
    LONGSHORE_AWS_SPOT: false,
    LONGSHORE_AWS_INGRESS: ['0.0.0.0/0'],
  });
});

test.for([
  ['LONGSHORE_AWS_VPC', undefined],
  ['LONGSHORE_AWS_SUBNETS', ''],
  ['LONGSHORE_AWS_SUBNETS', 'subnet-0a,vpc-1'],
  ['LONGSHORE_AWS_EXECUTION_ROLE', 'role/run'],
  ['LONGSHORE_AWS_BUCKET', 'No Bucket'],
  ['LONGSHORE_AWS_LOG_RETENTION_DAYS', '2'],
  ['LONGSHORE_AWS_INGRESS', 'everybody'],
] as const)('%s of %s is refused by its name', ([name, value]) => {
  expect(() => parseConfig({ ...aws, [name]: value })).toThrow(name);
});

test('an unknown provider is refused', () => {
  expect(() => parseConfig({ ...database, LONGSHORE_PROVIDER: 'azure' })).toThrow('docker, aws or memory');
});

test('a database is named by its URL or by its secret, and what is missing is named all at once', () => {
  const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:database';
  expect(parseConfig({ LONGSHORE_DATABASE_SECRET: secret }).LONGSHORE_DATABASE_SECRET).toBe(secret);
  expect(() => parseConfig({ LONGSHORE_PROVIDER: 'aws' })).toThrow(
    'DATABASE_URL or LONGSHORE_DATABASE_SECRET: is missing; LONGSHORE_AWS_VPC: is missing; ',
  );
});

test('what excludes each other is refused by name', () => {
  const both = {
    LONGSHORE_DATABASE_SECRET: 'arn:aws:secretsmanager:eu-west-1:1:secret:a',
    LONGSHORE_DATABASE_IAM: 'true',
  };
  expect(() => parseConfig({ ...database, ...both })).toThrow('exclude each other');
});
