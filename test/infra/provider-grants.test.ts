import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { isAllowed, type Statement, statementsOf } from './iam.ts';
import { providerRequests, type Row } from './provider-requests.ts';
import { synthesised } from './synthesised.ts';

const provider = new URL('../../src/providers/aws/', import.meta.url);
/** Beside what a request says: what AWS does on its behalf, or asks for the tags that come with it. */
const implied = [
  ...['ecs', 'logs', 'ecr', 'elasticfilesystem'].map((service) => `${service}:TagResource`),
  ...[
    'ec2:CreateTags',
    'sts:TagSession',
    'iam:PassRole',
    'iam:CreateServiceLinkedRole',
    'route53:ChangeResourceRecordSets',
  ],
];
/** The password for a push is asked for with the session of the push role; the queue is read by the node process alone. */
const notOurs = ['ecr:GetAuthorizationToken', 'sqs:ReceiveMessage', 'sqs:DeleteMessage'];
/** Folders and files of which only requests of tenants need all. */
const requestsOnly = /^(build\/build|logs\/|images\/push)/;

const sources = readdirSync(provider, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(new URL(path, provider), 'utf8') }));
const actionsIn = (text: string) =>
  [...text.matchAll(/action: '([a-z0-9]+:[A-Za-z]+)'/g)].map(([, action = '']) => action);
const actions = new Set(sources.flatMap(({ text }) => actionsIn(text)));

const roles: Record<string, Statement[]> = {};
let rows: Record<string, Row>;

beforeAll(() => {
  const stacks = synthesised();
  for (const name of ['api', 'events', 'sweep', 'migrate'])
    roles[name] = statementsOf(stacks, `longshore-test-${name}`);
  rows = providerRequests(roles.api ?? []);
});

const refused = (role: string, wanted: readonly string[], which: keyof Row, expected: boolean) =>
  wanted.flatMap((action) =>
    (rows[action]?.[which] ?? [])
      .filter((request) => isAllowed(roles[role] ?? [], { action, ...request }) !== expected)
      .map(({ resource }) => `${action} ${resource}`),
  );

describe("the functions' rights and the provider's calls", () => {
  test('each command of the SDK in the code goes by an action that has a row here, and each row is used', () => {
    const names = new Map([
      ['ListObjectsV2', 'ListBucket'],
      ['DeleteMessageBatch', 'DeleteMessage'],
    ]);
    const commands = sources.flatMap(({ text }) =>
      [...text.matchAll(/new ([A-Za-z0-9]+)Command\(/g)].map(([, name = '']) => name),
    );
    expect(new Set(commands).size).toBeGreaterThan(40);
    const known = new Set([...actions].map((action) => action.split(':')[1]));
    expect(commands.filter((name) => !known.has(names.get(name) ?? name))).toEqual([]);
    expect([...actions, ...implied].filter((action) => !notOurs.includes(action)).sort()).toEqual(
      Object.keys(rows).sort(),
    );
  });

  test('the api function may do all that the provider asks', () => {
    expect(refused('api', Object.keys(rows), 'ours', true)).toEqual([]);
  });

  test('nobody may do it with what is not of this stage', () => {
    for (const role of Object.keys(roles)) expect(refused(role, Object.keys(rows), 'foreign', false)).toEqual([]);
  });

  test('the events and sweep functions may do what containers need, and nothing that only requests do', () => {
    const forAll = new Set(
      sources.filter(({ path }) => !requestsOnly.test(path)).flatMap(({ text }) => actionsIn(text)),
    );
    const forRequests = [...actions].filter((action) => !forAll.has(action) && !notOurs.includes(action));
    expect(forRequests.sort()).toEqual([
      ...[
        'codebuild:BatchGetBuilds',
        'codebuild:StartBuild',
        'codebuild:StopBuild',
        'ecr:ListImages',
        'logs:GetLogEvents',
        'sts:AssumeRole',
      ],
    ]);
    const background = [...forAll, ...implied].filter((action) => !['sts:TagSession', ...notOurs].includes(action));
    for (const role of ['events', 'sweep']) {
      expect(refused(role, background, 'ours', true)).toEqual([]);
      expect(refused(role, [...forRequests, 'sts:TagSession'], 'ours', false)).toEqual([]);
    }
  });

  test('the migrate function reaches secrets and nothing of tenants', () => {
    // A function in a VPC has these whatever it does.
    const looks = ['ec2:DescribeSecurityGroups', 'ec2:DescribeNetworkInterfaces'];
    const rest = Object.keys(rows).filter((action) => !looks.includes(action));
    expect(refused('migrate', rest, 'ours', false)).toEqual([]);
  });
});
