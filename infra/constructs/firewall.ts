/**
 * The web ACL in front of the API. Rules that judge bodies by what web forms look like are left out: commands, environments and Dockerfiles
 * look like attacks to them.
 */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';

export interface FirewallProps {
  prefix: string;
  stage: Stage;
  logDays: number;
  /** In five minutes. */
  requestsPerAddress: number;
}

export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { prefix, stage, logDays, requestsPerAddress }: FirewallProps) {
    super(scope, id);
    const acl = new CfnWebACL(this, 'Acl', {
      name: prefix,
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visible(prefix),
      rules: [
        {
          name: 'requests-per-address',
          priority: 0,
          action: { block: { customResponse: { responseCode: 429 } } },
          statement: { rateBasedStatement: { limit: requestsPerAddress, aggregateKeyType: 'IP' } },
          visibilityConfig: visible(`${prefix}-requests-per-address`),
        },
        managed(prefix, 1, 'AWSManagedRulesAmazonIpReputationList'),
        managed(prefix, 2, 'AWSManagedRulesKnownBadInputsRuleSet'),
      ],
    });
    new CfnWebACLAssociation(this, 'Association', { resourceArn: stage.stageArn, webAclArn: acl.attrArn });
    // WAF takes groups of this beginning only.
    const log = new LogGroup(this, 'Log', {
      logGroupName: `aws-waf-logs-${prefix}`,
      retention: logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const { partition, region, account } = Stack.of(this);
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [`arn:${partition}:logs:${region}:${account}:log-group:${log.logGroupName}`],
      // A ticket in the query is good for half a minute, the more so when its request was blocked.
      redactedFields: [
        { queryString: {} },
        ...['authorization', 'cookie', 'x-registry-auth', 'x-registry-config'].map((Name) => ({
          singleHeader: { Name },
        })),
      ],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          { Behavior: 'KEEP', Requirement: 'MEETS_ANY', Conditions: [{ ActionCondition: { Action: 'BLOCK' } }] },
        ],
      },
    });
  }
}

const visible = (metricName: string) => ({ metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false });

const managed = (prefix: string, priority: number, name: string): CfnWebACL.RuleProperty => ({
  name,
  priority,
  overrideAction: { none: {} },
  statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
  visibilityConfig: visible(`${prefix}-${name}`),
});
