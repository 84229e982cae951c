import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { textOf } from './iam.ts';
import { type Resource, type Synthesised, synthesised } from './synthesised.ts';

const certificate = 'arn:aws:acm:eu-central-1:123456789012:certificate/0a';
let plain: Synthesised;
let rich: Synthesised;
let control: Template;

beforeAll(() => {
  plain = synthesised();
  control = plain.template('control-plane');
  rich = synthesised({
    api: {
      ingress: ['198.51.100.0/24'],
      firewall: { requestsPerAddress: 500 },
      domain: { name: 'longshore.example.com', certificate, zone: { id: 'Z0A', name: 'example.com' } },
    },
  });
});

describe('the API', () => {
  test('streams the answers of every path and method for up to a quarter of an hour', () => {
    const methods = Object.values(control.findResources('AWS::ApiGateway::Method')) as Resource[];
    expect(methods).toHaveLength(2);
    for (const { Properties } of methods) {
      expect(Properties).toMatchObject({ HttpMethod: 'ANY', AuthorizationType: 'NONE' });
      expect(Properties.Integration).toMatchObject({
        Type: 'AWS_PROXY',
        ResponseTransferMode: 'STREAM',
        TimeoutInMillis: 900_000,
      });
      expect(textOf((Properties.Integration as { Uri: unknown }).Uri)).toMatch(
        /2021-11-15\/functions\/.*\/response-streaming-invocations$/,
      );
    }
    control.hasResourceProperties('AWS::ApiGateway::Resource', { PathPart: '{proxy+}' });
    control.hasResourceProperties('AWS::ApiGateway::RestApi', {
      BinaryMediaTypes: ['*/*'],
      EndpointConfiguration: { Types: ['REGIONAL'] },
    });
    expect(plain.one('AWS::Lambda::Function', { FunctionName: 'longshore-test-api' })).toMatchObject({ Timeout: 900 });
  });

  test('is throttled, and its log has neither query nor headers', () => {
    control.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: [
        Match.objectLike({
          ThrottlingRateLimit: 500,
          ThrottlingBurstLimit: 1000,
          DataTraceEnabled: false,
          LoggingLevel: 'ERROR',
        }),
      ],
    });
    const { AccessLogSetting } = plain.one<{ AccessLogSetting: { Format: string } }>('AWS::ApiGateway::Stage');
    expect(Object.values(JSON.parse(AccessLogSetting.Format))).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/query|header|authorizer/i)]),
    );
  });

  test('has a web ACL, an address range and a domain of its own where the settings say so', () => {
    control.resourceCountIs('AWS::WAFv2::WebACL', 0);
    control.resourceCountIs('AWS::ApiGateway::DomainName', 0);
    const template = rich.template('control-plane');
    template.hasResourceProperties('AWS::WAFv2::WebACL', {
      Scope: 'REGIONAL',
      Rules: Match.arrayWith([
        Match.objectLike({ Statement: { RateBasedStatement: { Limit: 500, AggregateKeyType: 'IP' } } }),
      ]),
    });
    template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1);
    template.hasResourceProperties('AWS::WAFv2::LoggingConfiguration', {
      RedactedFields: Match.arrayWith([{ QueryString: {} }, { SingleHeader: { Name: 'authorization' } }]),
    });
    template.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: 'longshore.example.com',
      SecurityPolicy: 'TLS_1_2',
    });
    template.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'longshore.example.com.', Type: 'A' });
    template.hasResourceProperties('AWS::ApiGateway::RestApi', {
      DisableExecuteApiEndpoint: true,
      Policy: {
        Statement: [
          Match.objectLike({ Effect: 'Allow', Condition: { IpAddress: { 'aws:SourceIp': ['198.51.100.0/24'] } } }),
        ],
      },
    });
    expect(rich.longshore.url).toBe('https://longshore.example.com');
  });
});
