import { beforeAll, describe, expect, test } from 'vitest';
import { type Synthesised, synthesised } from './synthesised.ts';

interface Container {
  Environment: { Name: string; Value: unknown }[];
  Secrets: { Name: string }[];
}

let on: Synthesised;

beforeAll(() => {
  on = synthesised({ service: { tlsSecret: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:tls-AbCdEf' } });
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

  test('hears all news of tasks itself, and has no secret in its settings', () => {
    const { ContainerDefinitions } = on.one<{ ContainerDefinitions: Container[] }>('AWS::ECS::TaskDefinition');
    const [container] = ContainerDefinitions;
    expect(container?.Environment.map(({ Name }) => Name)).toContain('LONGSHORE_AWS_EVENTS_QUEUE');
    expect(container?.Secrets.map(({ Name }) => Name)).toEqual(['LONGSHORE_TLS_SECRET_JSON']);
    expect(on.one<{ Targets: unknown[] }>('AWS::Events::Rule', { Name: 'longshore-test-tasks' }).Targets).toHaveLength(
      2,
    );
  });
});
