import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { textOf } from './iam.ts';
import { type Resource, type Synthesised, synthesised } from './synthesised.ts';

let plain: Synthesised;
let rich: Synthesised;

beforeAll(() => {
  plain = synthesised();
  rich = synthesised({
    registries: ['ghcr.io', 'registry.example.com:5000'],
    tenants: { roles: 'each', spot: true, publicAddresses: true, forwarder: 'public.ecr.aws/x/socat:1' },
    api: { concurrency: 50, ratePerSecond: 3 },
    environment: { LONGSHORE_QUOTA_CONTAINERS: '7', LONGSHORE_RATE_BURST: '7' },
  });
});

const functionOf = ({ resources }: Synthesised, name: string): Resource => {
  const found = Object.values(resources('AWS::Lambda::Function')).find(
    ({ Properties }) => Properties.FunctionName === `longshore-test-${name}`,
  );
  if (!found) throw new Error(`There is no function ${name}`);
  return found;
};
const variablesOf = (stacks: Synthesised, name: string): Record<string, string> => {
  const { Variables } = functionOf(stacks, name).Properties.Environment as { Variables: Record<string, unknown> };
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, textOf(value)]));
};

describe('the functions', () => {
  test.each(['api', 'events', 'sweep', 'migrate'])('%s gets settings that it can start with', (name) => {
    for (const stacks of [plain, rich]) {
      const variables = variablesOf(stacks, name);
      // Ids that only AWS knows stand for themselves.
      const real = {
        ...variables,
        DATABASE_URL: 'postgres://longshore@database/longshore',
        LONGSHORE_DATABASE_SECRET: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:database',
        LONGSHORE_AWS_VPC: 'vpc-0a',
        LONGSHORE_AWS_SUBNETS: 'subnet-0a,subnet-0b',
        LONGSHORE_AWS_EFS: 'fs-0a',
        LONGSHORE_AWS_NAMESPACE: 'ns-0a',
        LONGSHORE_AWS_BUCKET: 'longshore-test',
        LONGSHORE_OPERATOR_KEY_SECRET: undefined,
      };
      expect(parseConfig(real)).toMatchObject({
        LONGSHORE_PROVIDER: 'aws',
        LONGSHORE_AWS_PREFIX: 'longshore-test',
        LONGSHORE_DATABASE_CONNECTIONS: 2,
      });
      expect(variables).toMatchObject({
        LONGSHORE_SWEEP_RULE: 'longshore-test-sweep',
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      });
    }
  });

  test('let one tenant have a quarter of what API Gateway lets through, or what the settings say', () => {
    const rates = (stacks: Synthesised) => {
      const { LONGSHORE_RATE_PER_SECOND: perSecond, LONGSHORE_RATE_BURST: burst } = variablesOf(stacks, 'api');
      return [perSecond, burst];
    };
    expect(rates(plain)).toEqual(['125', '250']);
    expect(rates(rich)).toEqual(['1', '7']);
  });

  test('say where containers run, as the settings say', () => {
    expect(variablesOf(plain, 'api')).toMatchObject({
      LONGSHORE_AWS_EXECUTION_ROLE: 'arn:aws:iam::123456789012:role/longshore-test/tenants/longshore-test-exec',
      LONGSHORE_AWS_TASK_ROLE: 'arn:aws:iam::123456789012:role/longshore-test/tenants/longshore-test-task',
      LONGSHORE_AWS_PUSH_ROLE: 'arn:aws:iam::123456789012:role/longshore-test/tenants/longshore-test-push',
      LONGSHORE_AWS_BUILD_PROJECT: 'longshore-test-builds',
      LONGSHORE_AWS_SECRETS: 'longshore-test/{tenant}/',
      LONGSHORE_AWS_PUBLIC_ADDRESSES: '0',
      LONGSHORE_AWS_SPOT: '0',
    });
    expect(variablesOf(rich, 'sweep')).toMatchObject({
      LONGSHORE_AWS_EXECUTION_ROLE:
        'arn:aws:iam::123456789012:role/longshore-test/tenants/longshore-test-exec-{tenant}',
      LONGSHORE_AWS_BUILD_ROLE: 'arn:aws:iam::123456789012:role/longshore-test/tenants/longshore-test-build-{tenant}',
      LONGSHORE_AWS_PUBLIC_ADDRESSES: '1',
      LONGSHORE_AWS_SPOT: '1',
      LONGSHORE_AWS_FORWARDER: 'public.ecr.aws/x/socat:1',
      LONGSHORE_QUOTA_CONTAINERS: '7',
      LONGSHORE_REGISTRIES: 'ghcr.io,registry.example.com:5000',
    });
  });

  test("only the api and migrate functions know where the operator's key is", () => {
    const knowing = ['api', 'events', 'sweep', 'migrate'].filter(
      (name) => 'LONGSHORE_OPERATOR_KEY_SECRET' in variablesOf(plain, name),
    );
    expect(knowing).toEqual(['api', 'migrate']);
  });

  test('no setting holds a secret', () => {
    for (const name of ['api', 'events', 'sweep', 'migrate']) {
      for (const [key, value] of Object.entries(variablesOf(plain, name))) {
        expect(`${key}=${value}`).not.toMatch(/resolve:secretsmanager|password=|lsk_/i);
      }
    }
  });

  test('are deployed after the migration has run, and again whenever it changes', () => {
    const [[trigger, migration] = []] = Object.entries(
      plain.template('control-plane').findResources('Custom::Trigger'),
    );
    expect(migration?.Properties).toMatchObject({ InvocationType: 'RequestResponse', ExecuteOnHandlerChange: true });
    for (const name of ['api', 'events', 'sweep']) expect(functionOf(plain, name).DependsOn).toContain(trigger);
    expect(functionOf(plain, 'migrate').DependsOn ?? []).not.toContain(trigger);
    expect(functionOf(rich, 'api').Properties.ReservedConcurrentExecutions).toBe(50);
  });
});
