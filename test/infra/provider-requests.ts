/** Requests to AWS as src/providers/aws makes them in the stage `test`, and ones that it must not be able to make. */
import { account, list, type Request, region, type Statement, textOf } from './iam.ts';

const tenant = '0b0e9c1e-5a5f-4c0e-9d5e-3f1d2c3b4a59';
const prefix = 'longshore-test';
const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
const tags = { 'aws:RequestTag/longshore:install': 'some', 'aws:ResourceTag/longshore:install': 'some' };

/** A request as the provider makes it, and one on what is somebody else's. */
export interface Row {
  ours: Omit<Request, 'action'>[];
  foreign: Omit<Request, 'action'>[];
}
const row = (ours: Row['ours'] | Row['ours'][number], ...foreign: Row['foreign']): Row => ({
  ours: [ours].flat(),
  foreign,
});

/** By action. @param statements of a role: where only a deployment knows an id, what the template writes for it stands for it */
export function providerRequests(statements: readonly Statement[]): Record<string, Row> {
  const vpc = resourceOf(statements, 'ec2:CreateSecurityGroup', /:vpc\//);
  const files = resourceOf(statements, 'elasticfilesystem:CreateAccessPoint', /./);
  const names = resourceOf(statements, 'servicediscovery:GetNamespace', /./);
  const zone = resourceOf(statements, 'route53:ChangeResourceRecordSets', /hostedzone/);
  const cluster = (of = prefix) => arn('ecs', `cluster/${of}-${tenant}`);
  const onCluster = { 'ecs:cluster': cluster() };
  const task = {
    resource: arn('ecs', `task/${prefix}-${tenant}/abc`),
    context: { ...onCluster, 'ecs:container-name': 'main' },
  };
  const foreignTask = {
    resource: arn('ecs', `task/shop-${tenant}/abc`),
    context: { 'ecs:cluster': cluster('shop'), 'ecs:container-name': 'main' },
  };
  const repository = row(
    { resource: arn('ecr', `repository/${prefix}/${tenant}/images`) },
    { resource: arn('ecr', 'repository/shop/images') },
  );
  const group = { resource: arn('ec2', 'security-group/sg-1'), context: { ...tags, 'ec2:Vpc': vpc } };
  const anything = row({ resource: '*' });
  const bucket = `arn:aws:s3:::${prefix}-${account}-${region}`;
  const record = row(
    ['runs', 'transfers'].map((kind) => ({ resource: `${bucket}/${prefix}/${kind}/some/abc` })),
    { resource: `${bucket}/elsewhere` },
    { resource: `arn:aws:s3:::shop/${prefix}/some` },
  );
  const logGroup = row(
    { resource: arn('logs', `log-group:/${prefix}/${tenant}`) },
    { resource: arn('logs', 'log-group:/shop/x') },
  );
  const service = row(
    { resource: arn('servicediscovery', 'service/srv-1') },
    { resource: arn('servicediscovery', 'namespace/ns-9') },
  );
  const point = { resource: arn('elasticfilesystem', 'access-point/fsap-1'), context: tags };
  const project = row(
    { resource: arn('codebuild', `project/${prefix}-builds`) },
    { resource: arn('codebuild', 'project/shop') },
  );
  const session = row(
    { resource: arn('ssm', 'session/ecs-execute-command-0a') },
    { resource: arn('ssm', 'session/admin-0a') },
  );
  const definition = (of: string) => arn('ecs', `task-definition/${of}-0a1b:1`);
  const ecr = [
    ...[
      'BatchCheckLayerAvailability',
      'BatchDeleteImage',
      'BatchGetImage',
      'CompleteLayerUpload',
      'CreateRepository',
      'DescribeRepositories',
    ],
    ...['GetDownloadUrlForLayer', 'InitiateLayerUpload', 'ListImages', 'PutImage', 'TagResource', 'UploadLayerPart'],
  ];
  return {
    ...Object.fromEntries(ecr.map((name) => [`ecr:${name}`, repository])),
    'ecs:ListClusters': anything,
    'ecs:DescribeTaskDefinition': anything,
    'ecs:CreateCluster': row(
      { resource: cluster(), context: tags },
      { resource: cluster('shop'), context: tags },
      { resource: cluster() },
    ),
    'ecs:DescribeClusters': row({ resource: cluster() }, { resource: cluster('shop') }),
    'ecs:ListTasks': row(
      { resource: '*', context: onCluster },
      { resource: '*', context: { 'ecs:cluster': cluster('shop') } },
    ),
    'ecs:RegisterTaskDefinition': row(
      { resource: arn('ecs', `task-definition/${prefix}-0a1b`), context: tags },
      { resource: arn('ecs', 'task-definition/shop'), context: tags },
    ),
    'ecs:RunTask': row(
      { resource: definition(prefix), context: onCluster },
      { resource: definition('shop'), context: onCluster },
      { resource: definition(prefix), context: { 'ecs:cluster': cluster('shop') } },
    ),
    'ecs:DescribeTasks': row(task, foreignTask),
    'ecs:StopTask': row(task, foreignTask),
    'ecs:ExecuteCommand': row([task, { ...task, resource: cluster() }], foreignTask),
    'ecs:TagResource': row(
      [
        { resource: cluster(), context: { 'ecs:CreateAction': 'CreateCluster' } },
        { resource: task.resource, context: { 'ecs:CreateAction': 'RunTask' } },
        {
          resource: arn('ecs', `task-definition/${prefix}-0a1b:1`),
          context: { 'ecs:CreateAction': 'RegisterTaskDefinition' },
        },
      ],
      { resource: cluster() },
      { resource: cluster('shop'), context: { 'ecs:CreateAction': 'CreateCluster' } },
    ),
    's3:GetObject': record,
    's3:PutObject': record,
    's3:DeleteObject': record,
    's3:ListBucket': row(
      [{ resource: bucket, context: { 's3:prefix': `${prefix}/runs/some/` } }, { resource: bucket }],
      { resource: 'arn:aws:s3:::shop' },
    ),
    'logs:CreateLogGroup': logGroup,
    'logs:PutRetentionPolicy': logGroup,
    'logs:TagResource': logGroup,
    'logs:GetLogEvents': row(
      { resource: arn('logs', `log-group:/${prefix}/${tenant}:log-stream:run/main/abc`) },
      { resource: arn('logs', 'log-group:/shop/x:log-stream:y') },
      { resource: arn('logs', `log-group:/aws/lambda/${prefix}-api:log-stream:y`) },
    ),
    'ssm:ResumeSession': session,
    'ssm:TerminateSession': session,
    'ec2:DescribeSecurityGroups': anything,
    'ec2:DescribeNetworkInterfaces': anything,
    'ec2:CreateSecurityGroup': row(
      [group, { resource: vpc }],
      { resource: group.resource },
      { resource: arn('ec2', 'vpc/vpc-9') },
    ),
    'ec2:CreateTags': row(
      { resource: group.resource, context: { 'ec2:CreateAction': 'CreateSecurityGroup' } },
      { resource: group.resource },
    ),
    'ec2:AuthorizeSecurityGroupIngress': row(
      group,
      { resource: group.resource, context: { 'ec2:Vpc': vpc } },
      { ...group, context: { ...tags, 'ec2:Vpc': 'x' } },
    ),
    'ec2:DeleteSecurityGroup': row(
      group,
      { resource: group.resource, context: { 'ec2:Vpc': vpc } },
      { ...group, context: { ...tags, 'ec2:Vpc': 'x' } },
    ),
    'servicediscovery:GetNamespace': row({ resource: names }, { resource: arn('servicediscovery', 'namespace/ns-9') }),
    'servicediscovery:CreateService': row(
      [
        { resource: names, context: { 'servicediscovery:NamespaceArn': names } },
        { resource: arn('servicediscovery', 'service/srv-1'), context: { 'servicediscovery:NamespaceArn': names } },
      ],
      {
        resource: arn('servicediscovery', 'service/srv-1'),
        context: { 'servicediscovery:NamespaceArn': arn('servicediscovery', 'namespace/ns-9') },
      },
    ),
    'servicediscovery:ListServices': anything,
    'servicediscovery:DeleteService': service,
    'servicediscovery:RegisterInstance': service,
    'servicediscovery:DeregisterInstance': service,
    'route53:ChangeResourceRecordSets': row({ resource: zone }, { resource: 'arn:aws:route53:::hostedzone/Z9' }),
    'elasticfilesystem:CreateAccessPoint': row(
      { resource: files, context: tags },
      { resource: files },
      { resource: arn('elasticfilesystem', 'file-system/fs-9'), context: tags },
    ),
    'elasticfilesystem:DescribeAccessPoints': row([{ resource: files }, point], {
      resource: arn('elasticfilesystem', 'file-system/fs-9'),
    }),
    'elasticfilesystem:DeleteAccessPoint': row(point, { resource: point.resource }),
    'elasticfilesystem:TagResource': row(
      { resource: point.resource, context: { 'elasticfilesystem:CreateAction': 'CreateAccessPoint' } },
      { resource: point.resource },
    ),
    'codebuild:StartBuild': project,
    'codebuild:StopBuild': project,
    'codebuild:BatchGetBuilds': project,
    'sts:AssumeRole': row(
      { resource: role('push') },
      { resource: role('exec') },
      { resource: `arn:aws:iam::${account}:role/admin` },
    ),
    'sts:TagSession': row({ resource: role('push') }, { resource: `arn:aws:iam::${account}:role/admin` }),
    'iam:PassRole': row(
      ['exec', 'task'].map((kind) => ({
        resource: role(kind),
        context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
      })),
      { resource: role('exec'), context: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
      { resource: role('build'), context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      {
        resource: `arn:aws:iam::${account}:role/${prefix}-api`,
        context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
      },
      { resource: `arn:aws:iam::${account}:role/admin`, context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    ),
    'iam:CreateServiceLinkedRole': row(
      {
        resource: `arn:aws:iam::${account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`,
        context: { 'iam:AWSServiceName': 'ecs.amazonaws.com' },
      },
      {
        resource: `arn:aws:iam::${account}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS`,
        context: { 'iam:AWSServiceName': 'rds.amazonaws.com' },
      },
    ),
  };
}

const role = (kind: string): string => `arn:aws:iam::${account}:role/${prefix}/tenants/${prefix}-${kind}`;

function resourceOf(statements: readonly Statement[], action: string, like: RegExp): string {
  const texts = statements
    .filter(({ Action }) => list(Action).includes(action))
    .flatMap(({ Resource }) => list(Resource).map(textOf));
  const found = texts.find((text) => like.test(text));
  if (found === undefined) throw new Error(`No statement allows ${action}`);
  return found;
}
