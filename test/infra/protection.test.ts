import { beforeAll, describe, expect, test } from 'vitest';
import { type Statement, textOf } from './iam.ts';
import { type Synthesised, synthesised } from './synthesised.ts';

let full: Synthesised;

beforeAll(() => {
  full = synthesised({
    service: { tlsSecret: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:tls-AbCdEf' },
    api: { firewall: {} },
  });
});

const propertiesOf = (type: string): Record<string, unknown>[] =>
  Object.values(full.resources(type)).map(({ Properties }) => Properties);

describe('what is at rest', () => {
  test('is encrypted: the database, files, buckets, queues', () => {
    expect(propertiesOf('AWS::RDS::DBCluster')).toEqual([expect.objectContaining({ StorageEncrypted: true })]);
    expect(propertiesOf('AWS::EFS::FileSystem')).toEqual([expect.objectContaining({ Encrypted: true })]);
    const buckets = propertiesOf('AWS::S3::Bucket');
    expect(buckets).toHaveLength(2);
    for (const bucket of buckets) {
      expect(bucket.BucketEncryption).toEqual({
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      });
    }
    const queues = propertiesOf('AWS::SQS::Queue');
    expect(queues).toHaveLength(3);
    for (const queue of queues) expect(queue.SqsManagedSseEnabled).toBe(true);
  });

  test('is not deleted with the stacks, which themselves refuse to be deleted', () => {
    const holding = ['AWS::RDS::DBCluster', 'AWS::EFS::FileSystem', 'AWS::S3::Bucket', 'AWS::ECR::Repository'];
    for (const type of holding) {
      for (const { DeletionPolicy } of Object.values(full.resources(type))) expect(DeletionPolicy).toBe('Retain');
    }
    expect(propertiesOf('AWS::RDS::DBCluster')[0]?.DeletionProtection).toBe(true);
    const protectedStacks = full.longshore.stacks
      .filter(({ terminationProtection }) => terminationProtection)
      .map(({ stackName }) => stackName);
    expect(protectedStacks).toEqual(['longshore-test-network', 'longshore-test-data', 'longshore-test-tenants']);
  });

  test('goes with a stage that comes and goes, but for a last snapshot of the database', () => {
    const passing = synthesised({ keepData: false });
    const policies = Object.values(passing.resources()).flatMap(({ Type, DeletionPolicy }) =>
      DeletionPolicy === 'Retain' ? [Type] : [],
    );
    // The role with which API Gateway writes logs is the account's.
    expect(policies).toEqual(['AWS::IAM::Role', 'AWS::ApiGateway::Account']);
    expect(Object.values(passing.resources('AWS::RDS::DBCluster')).map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(
      ['Snapshot'],
    );
    expect(passing.one('AWS::RDS::DBCluster')).toMatchObject({ DeletionProtection: false });
    expect(passing.longshore.stacks.filter(({ terminationProtection }) => terminationProtection)).toEqual([]);
  });

  test('is backed up', () => {
    expect(propertiesOf('AWS::RDS::DBCluster')[0]).toMatchObject({
      BackupRetentionPeriod: 7,
      CopyTagsToSnapshot: true,
    });
    expect(propertiesOf('AWS::EFS::FileSystem')[0]?.BackupPolicy).toEqual({ Status: 'ENABLED' });
  });

  test('no log is kept for ever, and none is left to AWS to make', () => {
    const groups = propertiesOf('AWS::Logs::LogGroup');
    expect(groups.filter(({ RetentionInDays }) => typeof RetentionInDays !== 'number')).toEqual([]);
    const names = groups.map(({ LogGroupName }) => (LogGroupName === undefined ? '' : textOf(LogGroupName)));
    const functions = propertiesOf('AWS::Lambda::Function');
    for (const { LoggingConfig } of functions)
      expect((LoggingConfig as Record<string, unknown> | undefined)?.LogGroup).toBeDefined();
    expect(functions.length).toBeGreaterThanOrEqual(6);
    expect(names).toEqual(
      expect.arrayContaining([
        '/aws/rds/cluster/longshore-test/postgresql',
        expect.stringMatching(/^\/aws\/lambda\/.*RotationSingleUser/),
        expect.stringMatching(/^API-Gateway-Execution-Logs_/),
        'aws-waf-logs-longshore-test',
        '/ecs/longshore-test-service',
      ]),
    );
  });

  test('records that nobody needs any more expire', () => {
    const rules = propertiesOf('AWS::S3::Bucket')
      .filter(({ BucketName }) => BucketName !== undefined)
      .map(({ LifecycleConfiguration }) => LifecycleConfiguration);
    expect(rules).toEqual([
      {
        Rules: [
          expect.objectContaining({ Prefix: 'longshore-test/builds/', ExpirationInDays: 1 }),
          expect.objectContaining({ Prefix: 'longshore-test/transfers/', ExpirationInDays: 1 }),
          expect.objectContaining({ Prefix: 'longshore-test/history/', ExpirationInDays: 31 }),
          expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
        ],
      },
    ]);
  });
});

describe('what is reachable', () => {
  test('no bucket is public, and none is read or written without TLS', () => {
    const closed = {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    };
    for (const bucket of propertiesOf('AWS::S3::Bucket')) expect(bucket.PublicAccessBlockConfiguration).toEqual(closed);
    const denying = propertiesOf('AWS::S3::BucketPolicy').filter(({ PolicyDocument }) =>
      (PolicyDocument as { Statement: Statement[] }).Statement.some(
        ({ Effect, Condition }) => Effect === 'Deny' && Condition?.Bool?.['aws:SecureTransport'] === 'false',
      ),
    );
    expect(denying).toHaveLength(2);
  });

  test('the database stands in subnets without a way out, speaks TLS only, and lets its clients in and nobody else', () => {
    for (const instance of propertiesOf('AWS::RDS::DBInstance')) expect(instance.PubliclyAccessible).toBe(false);
    expect(propertiesOf('AWS::RDS::DBClusterParameterGroup')[0]?.Parameters).toMatchObject({ 'rds.force_ssl': '1' });
    const { SubnetIds } = full.one<{ SubnetIds: unknown[] }>('AWS::RDS::DBSubnetGroup');
    expect(SubnetIds.map(textOf)).toEqual([
      expect.stringContaining('databaseSubnet1'),
      expect.stringContaining('databaseSubnet2'),
    ]);
    const rules = Object.values(full.resources('AWS::EC2::SecurityGroupIngress')).filter(
      ({ Properties }) => Properties.ToPort === 5433,
    );
    expect(rules).toHaveLength(2);
    for (const { Properties } of rules) {
      expect(Properties.CidrIp).toBeUndefined();
      expect(textOf(Properties.SourceSecurityGroupId)).toMatch(/Clients|Rotators/);
    }
  });

  test('only the load balancer of the service is open to the world, on one port', () => {
    const open = Object.entries(full.resources('AWS::EC2::SecurityGroup')).flatMap(([place, { Properties }]) =>
      ((Properties.SecurityGroupIngress ?? []) as Record<string, unknown>[])
        .filter(({ CidrIp }) => CidrIp === '0.0.0.0/0')
        .map(({ FromPort, ToPort }) => ({ place, FromPort, ToPort })),
    );
    expect(open).toEqual([{ place: expect.stringContaining('ServiceDoor'), FromPort: 2376, ToPort: 2376 }]);
  });

  test('the functions reach HTTPS and the database, and nothing reaches them', () => {
    expect(full.one('AWS::EC2::SecurityGroup', { GroupDescription: 'Functions of Longshore' })).toEqual({
      GroupDescription: 'Functions of Longshore',
      SecurityGroupEgress: [
        expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }),
      ],
      Tags: expect.anything(),
      VpcId: expect.anything(),
    });
  });

  test("tenants' files are reached by tenants' tasks, with TLS and an access point", () => {
    const files = full.one<{ FileSystemPolicy: { Statement: (Statement & { Sid: string })[] } }>(
      'AWS::EFS::FileSystem',
    );
    const statements = files.FileSystemPolicy.Statement;
    const denied = statements.filter(({ Effect }) => Effect === 'Deny').map(({ Sid }) => Sid);
    expect(denied).toEqual(['WithoutTls', 'WithoutAccessPoint', 'Strangers']);
    const [tasks] = statements.filter(({ Effect }) => Effect === 'Allow');
    expect(textOf(tasks?.Condition?.ArnLike?.['aws:PrincipalArn'])).toBe(
      'arn:aws:iam::123456789012:role/longshore-test/tenants/*',
    );
    const nfs = full.one<{ SecurityGroupIngress: Record<string, unknown>[] }>('AWS::EC2::SecurityGroup', {
      GroupDescription: 'NFS from tenants tasks',
    });
    expect(nfs.SecurityGroupIngress.map(({ CidrIp, ToPort }) => [textOf(CidrIp), ToPort])).toEqual([
      [expect.stringMatching(/^10\.70\.0\.0\/18|tenantsSubnet1/), 2049],
      [expect.stringMatching(/^10\.70\.64\.0\/18|tenantsSubnet2/), 2049],
    ]);
  });

  test("no task or function gets the VPC's default security group, which lets nothing through", () => {
    expect(propertiesOf('Custom::VpcRestrictDefaultSG')).toHaveLength(1);
  });
});
