import { readFileSync } from 'node:fs';
import { Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { addLongshore } from '../../infra/examples/platform-team.ts';
import { list, statementsOf, textOf } from './iam.ts';
import { findingsOf, quickApp, standInBundles, synthesised } from './synthesised.ts';

const tlsSecret = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:tls-AbCdEf';
const certificate = 'arn:aws:acm:eu-central-1:123456789012:certificate/0a';

describe("AWS's solutions rules", () => {
  test.each([
    ['of a stage with nothing but a name', {}],
    [
      'of one that comes and goes',
      {
        keepData: false,
        network: { egress: 'nat-instance' as const },
        tenants: { volumes: false, names: false, builds: false, pushes: false, secrets: false },
      },
    ],
    [
      'without the internet',
      { network: { egress: 'endpoints' as const }, service: { tlsSecret, public: false, ingress: ['10.0.0.0/8'] } },
    ],
    [
      'with everything',
      {
        account: '123456789012',
        region: 'eu-central-1',
        network: { natPerZone: true, zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'] },
        database: { minimumUnits: 1, standby: true },
        tenants: { roles: 'each' as const, publicAddresses: true, architecture: 'arm64' as const },
        api: {
          firewall: {},
          setAccountLogRole: false,
          ingress: ['198.51.100.0/24'],
          domain: { name: 'l.example.com', certificate },
        },
        service: { tlsSecret },
        alarmEmail: 'ops@example.com',
      },
    ],
  ])('find nothing to object to in the stacks %s', (_, settings) => {
    expect(findingsOf(synthesised(settings))).toEqual([]);
  });

  test('would find a wildcard that nobody gave a reason for', () => {
    const stacks = synthesised();
    const [role] = stacks.longshore.tenants.node.findAll().filter((each) => each instanceof Role);
    role?.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::everything/*'] }));
    expect(findingsOf(stacks)).toEqual([expect.stringContaining('IAM5[Resource::arn:aws:s3:::everything/*]')]);
  });

  test('are acknowledged with a reason that says something', () => {
    const { app } = synthesised({ service: { tlsSecret } });
    const key = Validations.ACKNOWLEDGED_RULES_METADATA_KEY;
    const reasons = app.node
      .findAll()
      .flatMap(({ node }) =>
        node.metadata
          .filter(({ type }) => type === key)
          .flatMap(({ data }) => Object.entries(data as Record<string, string>)),
      )
      .filter(([rule]) => rule.includes('AwsSolutions'));
    expect(reasons.length).toBeGreaterThan(30);
    for (const [rule, reason] of reasons) {
      if (reason.startsWith('One ')) continue;
      expect(`${rule}: ${reason}`).toMatch(/: .{30,}\.$/);
    }
  });
});

describe('in an app of a platform team', () => {
  test('all is well with and without the flags that new apps have', () => {
    const flags = JSON.parse(
      readFileSync(new URL('../../node_modules/aws-cdk-lib/recommended-feature-flags.json', import.meta.url), 'utf8'),
    );
    const app = quickApp(flags);
    const { stacks } = addLongshore(app, standInBundles());
    for (const stack of stacks) Template.fromStack(stack);
    expect(findingsOf({ app }).filter((finding) => finding.includes(' at Longshore/'))).toEqual([]);
  });

  test('ten lines are enough', () => {
    const app = quickApp();
    const longshore = addLongshore(app, standInBundles());
    expect(longshore.stacks).toHaveLength(3);
    expect(findingsOf({ app }).filter((finding) => finding.includes(' at Longshore/'))).toEqual([]);
    const source = readFileSync(new URL('../../infra/examples/platform-team.ts', import.meta.url), 'utf8');
    const [use = ''] = /new Longshore\([\s\S]*?\n {2}\}\);/.exec(source) ?? [];
    expect(use.split('\n').length).toBeLessThanOrEqual(10);
    expect(use).not.toBe('');
  });

  test("a tenant's own roles are its own: by name, boundary and what they reach", () => {
    const tenantId = '0b0e9c1e-5a5f-4c0e-9d5e-3f1d2c3b4a59';
    const stacks = synthesised({ tenants: { roles: 'each', ids: [tenantId] } });
    const kinds = ['exec', 'task', 'build', 'push'];
    for (const kind of kinds) {
      const own = stacks.one<{ PermissionsBoundary: unknown }>('AWS::IAM::Role', {
        RoleName: `longshore-test-${kind}-${tenantId}`,
      });
      expect(textOf(own.PermissionsBoundary)).toMatch(/policy\/longshore-test-tenants$/);
      const resources = statementsOf(stacks, `longshore-test-${kind}-${tenantId}`).flatMap(({ Resource }) =>
        list(Resource).map(textOf),
      );
      const named = resources.filter((text) => /:(repository|log-group:|secret:)/.test(text));
      for (const text of named) expect(text).toContain(`longshore-test/${tenantId}`);
      if (kind !== 'task') expect(named.length).toBeGreaterThan(0);
    }
    expect(findingsOf(stacks)).toEqual([]);
  });
});
