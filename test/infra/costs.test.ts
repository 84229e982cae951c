import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { endpointServices } from '../../infra/constructs/egress.ts';
import { costsAtRest, costsOfControl, costsOfTasks, type Line } from '../../infra/costs.ts';
import { parseSettings } from '../../infra/settings.ts';
import { synthesised } from './synthesised.ts';

const total = (lines: Line[]) => lines.reduce((sum, { dollars }) => sum + dollars, 0);

describe('what a stage costs', () => {
  test('at rest is counted from its own stacks', () => {
    const { longshore, resources } = synthesised({ network: { egress: 'nat-instance' } });
    const lines = costsAtRest(longshore.settings, Object.values(resources()));
    expect(Object.fromEntries(lines.map(({ what, sum }) => [what, sum]))).toMatchObject({
      'NAT instances, t4g.nano': '1 × $0.0042 × 730 h',
      secrets: '2 × $0.4',
      alarms: '14 × $0.1',
    });
    expect(lines.map(({ what }) => what)).not.toContain('NAT gateways');
    expect(lines.map(({ what }) => what)).not.toContain('Aurora, capacity units that stay');
    expect(total(lines)).toBeGreaterThan(8);
    expect(total(lines)).toBeLessThan(20);
  });

  test('of endpoints is that of each in each zone', () => {
    const settings = parseSettings({ stage: 'a', network: { egress: 'endpoints' } });
    const names = Object.keys(endpointServices(settings.tenants));
    expect(names).toHaveLength(13);
    const resources = names.map(() => ({
      Type: 'AWS::EC2::VPCEndpoint',
      Properties: { VpcEndpointType: 'Interface' },
    }));
    expect(total(costsAtRest(settings, resources).filter(({ what }) => /endpoints/.test(what)))).toBeCloseTo(
      26 * 0.01 * 730,
    );
  });

  test('when nobody asks is nothing for a database that pauses, and half a unit with the node process', () => {
    const database = [{ Type: 'AWS::RDS::DBInstance' }];
    const units = (input: object) =>
      costsAtRest(parseSettings({ stage: 'a', ...input }), database).filter(({ what }) => /units/.test(what));
    expect(units({})).toEqual([]);
    const service = { tlsSecret: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:tls-AbCdEf' };
    expect(total(units({ service }))).toBeCloseTo(0.5 * 0.12 * 730);
    expect(total(units({ database: { minimumUnits: 2 } }))).toBeCloseTo(2 * 0.12 * 730);
  });

  test('of containers is that of their hours, beside a control plane that costs by the clock', () => {
    expect(costsOfTasks(0.25, 0.5, 1000).dollars).toBeCloseTo(12.34, 2);
    expect(costsOfTasks(1, 2, 1000).dollars).toBeCloseTo(49.37, 2);
    expect(total(costsOfControl({ containers: 1000, hours: 1 }))).toBeLessThan(1);
    expect(total(costsOfControl({ containers: 1, hours: 1000 }))).toBeGreaterThan(60);
  });

  test('is what docs/aws-deploy.md says', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/aws-costs.ts', '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
