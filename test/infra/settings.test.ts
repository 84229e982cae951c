import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../infra/settings.ts';

const stages = new URL('../../infra/stages/', import.meta.url);

describe('settings of a stage', () => {
  test('a name is all that a stage needs', () => {
    expect(parseSettings({ stage: 'dev' })).toMatchObject({
      network: { egress: 'nat-gateway' },
      database: { minimumUnits: 0, backupDays: 7 },
      service: null,
      keepData: true,
    });
  });

  test.each(readdirSync(stages))('the stage in %s is valid and of its own name', (file) => {
    const settings = parseSettings(JSON.parse(readFileSync(new URL(file, stages), 'utf8')));
    expect(file).toBe(`${settings.stage}.json`);
  });

  test.each([
    [{}, 'stage: '],
    [{ stage: 'Prod' }, 'stage: must be up to 11 of [a-z0-9]'],
    [{ stage: 'a-b' }, 'stage: '],
    [{ stage: 'averylongname' }, 'stage: '],
    [{ stage: 'a', account: '12' }, 'account: must be 12 digits'],
    [{ stage: 'a', region: 'Frankfurt' }, 'region: must be a region'],
    [{ stage: 'a', network: { range: '10.0.0.0/24' } }, 'network.range: must be a /16 to /18'],
    [{ stage: 'a', network: { zones: ['eu-central-1a'] } }, 'network.zones: must be two or three'],
    [{ stage: 'a', network: { egress: 'none' } }, 'network.egress: '],
    [{ stage: 'a', network: { egress: 'endpoints', natPerZone: true } }, 'network.natPerZone: '],
    [{ stage: 'a', network: { egress: 'endpoints' }, tenants: { publicAddresses: true } }, 'tenants.publicAddresses: '],
    [{ stage: 'a', database: { minimumUnits: 0.7 } }, 'database.minimumUnits: must be in steps of 0.5'],
    [{ stage: 'a', database: { minimumUnits: 8, maximumUnits: 2 } }, 'database.maximumUnits: must not be below'],
    [{ stage: 'a', database: { pauseAfterMinutes: 1 } }, 'database.pauseAfterMinutes: '],
    [{ stage: 'a', tenants: { ingress: ['everybody'] } }, 'tenants.ingress.0: must be IPv4 ranges'],
    [{ stage: 'a', tenants: { roles: 'each', ids: ['acme'] } }, 'tenants.ids.0: must be ids of tenants'],
    [{ stage: 'a', tenants: { ids: ['0b0e9c1e-5a5f-4c0e-9d5e-3f1d2c3b4a59'] } }, 'tenants.ids: without effect'],
    [{ stage: 'a', tenants: { logDays: 31 } }, 'tenants.logDays: must be one of 1, 3, 5'],
    [
      { stage: 'a', api: { domain: { name: 'x.example', certificate: 'mine' } } },
      'api.domain.certificate: must be the ARN',
    ],
    [{ stage: 'a', api: { firewall: { requestsPerAddress: 1 } } }, 'api.firewall.requestsPerAddress: '],
    [{ stage: 'a', service: {} }, 'service.tlsSecret: '],
    [{ stage: 'a', alarmEmail: 'nobody' }, 'alarmEmail: must be an address'],
    [{ stage: 'a', registries: ['https://ghcr.io'] }, 'registries.0: must be hosts'],
    [{ stage: 'a', environment: { PATH: '/' } }, 'environment.PATH: '],
    [{ stage: 'a', environment: { LONGSHORE_QUOTA_CONTAINRS: '9' } }, 'environment.LONGSHORE_QUOTA_CONTAINRS: '],
    [
      { stage: 'a', environment: { LONGSHORE_AWS_VPC: 'vpc-1' } },
      'environment.LONGSHORE_AWS_VPC: is set by the stacks',
    ],
    [{ stage: 'a', environment: { LONGSHORE_QUOTA_CONTAINERS: '-1' } }, 'environment: LONGSHORE_QUOTA_CONTAINERS: '],
    [{ stage: 'a', colour: 'blue' }, 'colour'],
  ])('%j is refused by the name of its field', (input, message) => {
    expect(() => parseSettings(input)).toThrow(message);
  });

  test('all wrong fields are named in one line', () => {
    const wrong = { stage: 'A', database: { backupDays: 0 }, api: { memoryMiB: 1 } };
    expect(() => parseSettings(wrong)).toThrow(
      /^Settings: stage: .*; database\.backupDays: .*; api\.memoryMiB: [^\n]*$/,
    );
  });
});
