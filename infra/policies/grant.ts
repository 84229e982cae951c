/**
 * Statements that say why they are as wide as they are. The reason goes to cdk-nag for exactly the wildcards of its statement: another
 * one in the same policy is a finding until somebody has a reason for it as well.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import { type Conditions, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

export interface Grant {
  /** A sentence for who reviews the wildcards in `resources`. */
  why: string;
  actions: string[];
  resources: string[];
  conditions?: Conditions;
}

export const statementOf = ({ actions, resources, conditions }: Grant): PolicyStatement =>
  new PolicyStatement({ actions, resources, ...(conditions && { conditions }) });

export function allow(role: Role, grants: readonly Grant[]): void {
  for (const grant of grants) role.addToPolicy(statementOf(grant));
  explain(role, grants);
}

/** For whoever holds the statements: a role, or a policy. */
export function explain(holder: IConstruct, grants: readonly Grant[]): void {
  for (const { why, resources } of grants) {
    for (const resource of resources) {
      const text = flat(Stack.of(holder).resolve(resource));
      if (text.includes('*')) acknowledge(holder, `AwsSolutions-IAM5[Resource::${text}]`, why);
    }
  }
}

/** @param reason what a security reviewer gets to read */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** As cdk-nag writes references: `<Name.Attribute>`. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[kind, content] = ['', ''] as const] = Object.entries(value as Record<string, unknown>);
  if (kind === 'Ref') return `<${content}>`;
  if (kind === 'Fn::GetAtt') return `<${(content as string[]).join('.')}>`;
  if (kind !== 'Fn::Join') throw new Error(`A resource of a policy is not to be read: ${JSON.stringify(value)}`);
  const [delimiter, items] = content as [string, unknown[]];
  return items.map(flat).join(delimiter);
}
