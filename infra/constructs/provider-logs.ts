/** Functions of CDK's own (custom resources) would log without end: each gets a group that forgets. */
import { type CfnResource, CustomResourceProviderBase, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';

/** To be called when all of a stack is there. */
export function keepProviderLogs(stack: Stack, logDays: number): void {
  for (const provider of stack.node.findAll()) {
    if (!(provider instanceof CustomResourceProviderBase)) continue;
    const handler = provider.node.findChild('Handler') as CfnResource;
    const group = new LogGroup(provider, 'Log', { retention: logDays, removalPolicy: RemovalPolicy.DESTROY });
    handler.addPropertyOverride('LoggingConfig', { LogGroup: group.logGroupName });
  }
}
