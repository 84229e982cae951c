import { beforeAll, describe, expect, test } from 'vitest';
import { isAllowed, statementsOf, textOf } from './iam.ts';
import { type Synthesised, synthesised } from './synthesised.ts';

interface Container {
  Environment: { Name: string; Value: unknown }[];
  Secrets?: unknown[];
}

const tlsSecret = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:tls-AbCdEf';
let on: Synthesised;

beforeAll(() => {
  on = synthesised({ service: { tlsSecret } });
});

describe('the node process', () => {
  test('is not there unless it is switched on', () => {
    const off = synthesised();
    expect(off.resources('AWS::ECS::Service')).toEqual({});
    expect(off.resources('AWS::ElasticLoadBalancingV2::LoadBalancer')).toEqual({});
  });

  test('stands behind a load balancer that passes TLS through and waits for silent terminals', () => {
    const template = on.template('control-plane');
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Type: 'network',
      Scheme: 'internet-facing',
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Protocol: 'TCP',
      Port: 2376,
      ListenerAttributes: [{ Key: 'tcp.idle_timeout.seconds', Value: '6000' }],
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmName: 'longshore-test-service-unhealthy' });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      Protocol: 'TCP',
      Port: 2376,
      HealthCheckProtocol: 'HTTP',
      HealthCheckPath: '/healthz',
    });
  });

  test('is called other than the clusters of tenants, so that what stops their tasks cannot stop it', () => {
    expect(on.one('AWS::ECS::Cluster')).toMatchObject({ ClusterName: 'test-longshore' });
  });

  test('may read its own queue and certificate beside what the api function may', () => {
    const statements = statementsOf(on, 'longshore-test-service');
    const queue = statements.find(({ Action }) => [Action].flat().includes('sqs:ReceiveMessage'));
    expect(textOf(queue?.Resource)).toMatch(/ServiceQueue/);
    expect(isAllowed(statements, { action: 'secretsmanager:GetSecretValue', resource: tlsSecret })).toBe(true);
    expect(
      isAllowed(statements, { action: 'secretsmanager:GetSecretValue', resource: tlsSecret.replace('tls', 'x') }),
    ).toBe(false);
    expect(
      isAllowed(statementsOf(on, 'longshore-test-api'), {
        action: 'secretsmanager:GetSecretValue',
        resource: tlsSecret,
      }),
    ).toBe(false);
  });

  test('hears all news of tasks itself, and has no secret in its settings', () => {
    const { ContainerDefinitions } = on.one<{ ContainerDefinitions: Container[] }>('AWS::ECS::TaskDefinition');
    const [container] = ContainerDefinitions;
    expect(container?.Environment.map(({ Name }) => Name)).toContain('LONGSHORE_AWS_EVENTS_QUEUE');
    for (const { Value } of container?.Environment ?? []) expect(textOf(Value)).not.toMatch(/resolve:|-----BEGIN|lsk_/);
    expect(container?.Secrets).toBeUndefined();
    expect(on.one<{ Targets: unknown[] }>('AWS::Events::Rule', { Name: 'longshore-test-tasks' }).Targets).toHaveLength(
      2,
    );
  });
});
