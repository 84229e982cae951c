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
