import { beforeAll, describe, expect, test } from 'vitest';
import { list, type Statement, statementsIn, textOf } from './iam.ts';
import { type Resource, type Synthesised, synthesised } from './synthesised.ts';

/** Those for which the service authorization reference names no resource, or (ListTasks, Lambda's own) none that these callers have. */
const withoutResource = [
  ...['ecs:ListClusters', 'ecs:DescribeTaskDefinition', 'ecs:ListTasks', 'ecr:GetAuthorizationToken'],
  ...['ec2:DescribeSecurityGroups', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs'],
  ...['servicediscovery:ListServices'],
  ...['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel'].map(
    (name) => `ssmmessages:${name}`,
  ),
];
/** Lambda gives a function in a VPC its addresses with the function's role, which is denied them for itself. */
const addresses = [
  'CreateNetworkInterface',
  'DeleteNetworkInterface',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
].map((name) => `ec2:${name}`);

let full: Synthesised;
let policies: [string, Statement][];

beforeAll(() => {
  full = synthesised({ service: { tlsSecret: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:tls-AbCdEf' } });
  const held = { ...full.resources('AWS::IAM::Policy'), ...full.resources('AWS::IAM::ManagedPolicy') };
  const inline = Object.entries(full.resources('AWS::IAM::Role')).flatMap(([place, { Properties }]) =>
    ((Properties.Policies ?? []) as Record<string, unknown>[]).map((policy) => [place, policy] as const),
  );
  policies = [
    ...Object.entries(held).map(([place, { Properties }]) => [place, Properties] as const),
    ...inline,
  ].flatMap(([place, policy]) => statementsIn(policy).map((statement): [string, Statement] => [place, statement]));
});

describe('what the roles may do', () => {
  test('no action is a wildcard', () => {
    const wild = policies.filter(
      ([, { Effect, Action }]) => Effect === 'Allow' && list(Action).some((action) => action.includes('*')),
    );
    expect(wild).toEqual([]);
  });

  test('no resource is everything but for actions that IAM has no resource for', () => {
    const wide = policies
      .filter(
        ([, { Effect, Resource }]) => Effect === 'Allow' && list(Resource).some((resource) => textOf(resource) === '*'),
      )
      .flatMap(([place, { Action }]) => list(Action).map((action) => ({ place, action })));
    expect(wide.filter(({ action }) => !withoutResource.includes(action) && !addresses.includes(action))).toEqual([]);
    expect(wide.length).toBeGreaterThan(0);
  });

  test("no resource spans accounts, regions or another stage's names", () => {
    const arns = policies.flatMap(([place, { Resource }]) =>
      list(Resource).map((resource) => ({ place, text: textOf(resource) })),
    );
    const odd = arns.filter(
      ({ text }) =>
        /^arn:/.test(text) && /^arn:[^:]*\*|^arn:aws:[a-z0-9-]*:\*|^arn:aws:[a-z0-9-]*:[a-z0-9-]*:\*/.test(text),
    );
    expect(odd).toEqual([]);
    const named = arns.filter(({ text }) =>
      /:(cluster|task|task-definition|repository|log-group|secret|role|project|rule)[/:]/.test(text),
    );
    const strange = named.filter(
      ({ text }) => !/longshore-test|AWSServiceRoleForECS|cdk-hnb659fds-container-assets|secret:tls-AbCdEf$/.test(text),
    );
    expect(strange).toEqual([]);
  });

  test('a role is passed to one service only, by its name on the path of tenants', () => {
    const passes = policies.filter(([, { Action }]) => list(Action).includes('iam:PassRole'));
    const ours = passes.filter(([, { Resource }]) =>
      list(Resource).some((resource) => textOf(resource).includes('/longshore-test/tenants/')),
    );
    expect(ours.length).toBeGreaterThanOrEqual(6);
    for (const [, { Action, Resource, Condition }] of ours) {
      expect(list(Action)).toEqual(['iam:PassRole']);
      expect(Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
      expect(list(Resource).map(textOf)).toEqual(
        expect.arrayContaining([expect.stringMatching(/:role\/longshore-test\/tenants\/longshore-test-(exec|task)$/)]),
      );
      expect(list(Resource).map(textOf).join(' ')).not.toContain('*');
    }
    expect(passes).toEqual(ours);
  });

  test('nothing else of IAM can be called, but for the linked role of ECS', () => {
    const calls = policies
      .flatMap(([, { Action }]) => list(Action))
      .filter((action) => /^(iam|organizations|account):/.test(action));
    expect([...new Set(calls)].sort()).toEqual(['iam:CreateServiceLinkedRole', 'iam:PassRole']);
  });

  test('each function has a role of its own, and every role fits into what IAM takes', () => {
    const functions = Object.values(full.resources('AWS::Lambda::Function')).filter(
      ({ Properties }) => Properties.FunctionName,
    );
    const roles = functions.map(({ Properties }) => JSON.stringify(Properties.Role));
    expect(new Set(roles).size).toBe(4);
    const sizes = Object.entries(full.resources('AWS::IAM::Policy')).map(([place, { Properties }]) => {
      const text = JSON.stringify(Properties.PolicyDocument, (_, value) =>
        isIntrinsic(value) ? textOf(value) : value,
      );
      return { place, characters: text.length };
    });
    expect(sizes.filter(({ characters }) => characters > 10_240)).toEqual([]);
  });

  test('the roles of tenants have the boundary, which allows nothing that they do not need', () => {
    const tenants = Object.values(full.resources('AWS::IAM::Role')).filter(
      ({ Properties }) => Properties.Path === '/longshore-test/tenants/',
    );
    expect(tenants.map(({ Properties }) => Properties.RoleName).sort()).toEqual(
      ['build', 'exec', 'push', 'task'].map((kind) => `longshore-test-${kind}`),
    );
    for (const { Properties } of tenants) {
      expect(textOf(Properties.PermissionsBoundary)).toBe('arn:aws:iam::123456789012:policy/longshore-test-tenants');
    }
    const [boundary] = Object.values(full.resources('AWS::IAM::ManagedPolicy'));
    const services = statementsIn((boundary as Resource).Properties).flatMap(({ Action }) =>
      list(Action).map((action) => action.split(':')[0]),
    );
    expect([...new Set(services)].sort()).toEqual([
      'ecr',
      'elasticfilesystem',
      'logs',
      's3',
      'secretsmanager',
      'ssmmessages',
    ]);
  });

  test('who takes the roles of tenants is a service on behalf of this account, or who asks for passwords', () => {
    const trusts = Object.fromEntries(
      Object.values(full.resources('AWS::IAM::Role'))
        .filter(({ Properties }) => Properties.Path === '/longshore-test/tenants/')
        .map(({ Properties }) => [
          Properties.RoleName,
          (Properties.AssumeRolePolicyDocument as { Statement: Statement[] }).Statement,
        ]),
    ) as Record<string, Statement[]>;
    for (const kind of ['exec', 'task']) {
      expect(trusts[`longshore-test-${kind}`]?.[0]).toMatchObject({
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } }, ArnLike: {} },
      });
    }
    const [push] = trusts['longshore-test-push'] ?? [];
    expect(list(push?.Action ?? [])).toEqual(['sts:AssumeRole', 'sts:TagSession']);
    expect(list(push?.Condition?.ArnEquals?.['aws:PrincipalArn'] as unknown[]).map(textOf)).toEqual([
      'arn:aws:iam::123456789012:role/longshore-test-api',
      'arn:aws:iam::123456789012:role/longshore-test-service',
    ]);
  });
});

const isIntrinsic = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  /^(Ref|Fn::.*)$/.test(Object.keys(value)[0] ?? '') &&
  Object.keys(value).length === 1;
