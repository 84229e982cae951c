/** The REST API in front of the api function: every path and method, answers as streams of up to 15 minutes, bodies as they are. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  DomainName,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  ResponseTransferMode,
  RestApi,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, LogGroup } from 'aws-cdk-lib/aws-logs';
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import { acknowledge } from '../policies/grant.ts';
import { prefixOf, type Settings } from '../settings.ts';
import { Firewall } from './firewall.ts';

const stageName = 'live';

export class FrontDoor extends Construct {
  readonly api: RestApi;
  readonly url: string;
  /** Answers that somebody has to look into. */
  readonly serverErrors: Metric;

  constructor(scope: Construct, id: string, { settings, handler }: { settings: Settings; handler: LambdaFunction }) {
    super(scope, id);
    const { api: own, logDays } = settings;
    const logs = { retention: logDays, removalPolicy: RemovalPolicy.DESTROY };
    const accessLog = new LogGroup(this, 'AccessLog', logs);
    this.api = new RestApi(this, 'Api', {
      restApiName: prefixOf(settings),
      description: 'Longshore: /v1 and the Docker Engine API',
      endpointTypes: [EndpointType.REGIONAL],
      disableExecuteApiEndpoint: own.domain !== null,
      binaryMediaTypes: ['*/*'],
      cloudWatchRole: own.setAccountLogRole,
      ...(!own.ingress.includes('0.0.0.0/0') && { policy: onlyFrom(own.ingress) }),
      deployOptions: {
        stageName,
        throttlingRateLimit: own.ratePerSecond,
        throttlingBurstLimit: own.rateBurst,
        metricsEnabled: true,
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        accessLogDestination: new LogGroupLogDestination(accessLog),
        // Without the query and headers, which carry tickets and keys.
        accessLogFormat: AccessLogFormat.custom(
          JSON.stringify({
            requestId: '$context.requestId',
            ip: '$context.identity.sourceIp',
            time: '$context.requestTimeEpoch',
            method: '$context.httpMethod',
            path: '$context.path',
            status: '$context.status',
            bytes: '$context.responseLength',
            latencyMs: '$context.responseLatency',
            error: '$context.integrationErrorMessage',
          }),
        ),
      },
    });
    // The gateway's own figure has 501 in it, which any client gets by asking for what a function cannot carry.
    this.serverErrors = accessLog
      .addMetricFilter('ServerErrors', {
        filterPattern: FilterPattern.all(
          FilterPattern.stringValue('$.status', '=', '5*'),
          FilterPattern.stringValue('$.status', '!=', '501'),
        ),
        metricNamespace: prefixOf(settings),
        metricName: 'ServerErrors',
      })
      .metric({ statistic: 'Sum' });
    // API Gateway writes errors here, and would make a group that keeps all.
    const errors = new LogGroup(this, 'ErrorLog', {
      ...logs,
      logGroupName: `API-Gateway-Execution-Logs_${this.api.restApiId}/${stageName}`,
    });
    this.api.deploymentStage.node.addDependency(errors);

    const integration = new LambdaIntegration(handler, {
      proxy: true,
      responseTransferMode: ResponseTransferMode.STREAM,
      timeout: Duration.minutes(15),
      allowTestInvoke: false,
    });
    this.api.root.addMethod('ANY', integration);
    this.api.root.addProxy({ anyMethod: true, defaultIntegration: integration });
    const { region, urlSuffix } = Stack.of(this);
    const given = `https://${this.api.restApiId}.execute-api.${region}.${urlSuffix}/${stageName}`;
    this.url = own.domain === null ? given : this.#domain(own.domain);
    if (own.firewall !== null) {
      new Firewall(this, 'Firewall', {
        prefix: prefixOf(settings),
        stage: this.api.deploymentStage,
        logDays,
        ...own.firewall,
      });
    }
    this.#explain(settings);
  }

  #domain({ name, certificate, zone }: NonNullable<Settings['api']['domain']>): string {
    const domain = new DomainName(this, 'Domain', {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificate),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
      mapping: this.api,
    });
    if (zone !== null) {
      const hosted = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: zone.id, zoneName: zone.name });
      new ARecord(this, 'Record', {
        zone: hosted,
        recordName: name,
        target: RecordTarget.fromAlias(new ApiGatewayDomain(domain)),
      });
    }
    return `https://${name}`;
  }

  #explain({ api }: Settings): void {
    const authorizes =
      'The application judges every request itself, by a key of 256 random bits or a ticket of one use, and answers nothing but health without; a test walks every route without a credential and with a foreign one. API Gateway knows nothing of these keys.';
    acknowledge(this.api, 'AwsSolutions-APIG4', authorizes);
    acknowledge(
      this.api,
      'AwsSolutions-COG4',
      `${authorizes} Its users are machines and docker clients, which have no Cognito session.`,
    );
    acknowledge(
      this.api,
      'AwsSolutions-APIG2',
      'One proxy resource serves all routes, so that API Gateway has no schema to check. The application checks every field of every body against a strict schema and refuses unknown ones.',
    );
    if (api.firewall === null) {
      acknowledge(
        this.api,
        'AwsSolutions-APIG3',
        'This stage has api.firewall off: requests are throttled here, and by key and tenant in the application; its settings switch the web ACL on.',
      );
    }
    if (api.setAccountLogRole) {
      acknowledge(
        this.api,
        'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
        "API Gateway's own policy for the role that writes its logs, one for the account; AWS keeps it in step with the service.",
      );
    }
  }
}

const onlyFrom = (ranges: string[]): PolicyDocument =>
  new PolicyDocument({
    statements: [
      new PolicyStatement({
        effect: Effect.ALLOW,
        principals: [new AnyPrincipal()],
        actions: ['execute-api:Invoke'],
        resources: ['execute-api:/*'],
        conditions: { IpAddress: { 'aws:SourceIp': ranges } },
      }),
    ],
  });
