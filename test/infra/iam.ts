/** IAM's decision for what a role's policies say: enough of it for the conditions that the stacks use, and an error for any other. */
import type { Resource, Synthesised } from './synthesised.ts';

export interface Statement {
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: unknown;
  Principal?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

export interface Request {
  action: string;
  resource: string;
  /** Condition keys of the request; what is absent is not in it. */
  context?: Record<string, string>;
}

export const account = '123456789012';
export const region = 'eu-central-1';
const pseudo: Record<string, string> = {
  'AWS::AccountId': account,
  'AWS::Region': region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};

export const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** With the account filled in; what only a deployment knows is `<its name>`. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[kind, content] = ['', ''] as const] = Object.entries(value as Record<string, unknown>);
  switch (kind) {
    case 'Ref':
      return pseudo[String(content)] ?? `<${content}>`;
    case 'Fn::GetAtt':
      return `<${list(content as string[]).join('.')}>`;
    case 'Fn::ImportValue':
      return `<${textOf(content)}>`;
    case 'Fn::Sub':
      return String(content).replace(/\$\{([^}]*)\}/g, (_, name) => textOf({ Ref: name }));
    case 'Fn::Join': {
      const [delimiter, items] = content as [string, unknown[]];
      return items.map(textOf).join(delimiter);
    }
    default:
      throw new Error(`Cannot read ${JSON.stringify(value)}`);
  }
}

/** Of a role by its name: what is attached to it, in whichever stack. */
export function statementsOf(stacks: Pick<Synthesised, 'resources'>, roleName: string): Statement[] {
  const roles = Object.entries(stacks.resources('AWS::IAM::Role'));
  const [place] = roles.find(([, { Properties }]) => Properties.RoleName === roleName) ?? [];
  if (place === undefined) throw new Error(`There is no role ${roleName}`);
  const [part = '', id = ''] = place.split('/');
  const isHers = ([key, { Properties }]: [string, Resource]) =>
    key.startsWith(`${part}/`) && (Properties.Roles as { Ref?: string }[] | undefined)?.some(({ Ref }) => Ref === id);
  // What does not fit into the role's own policy, CDK attaches as another.
  return Object.entries({ ...stacks.resources('AWS::IAM::Policy'), ...stacks.resources('AWS::IAM::ManagedPolicy') })
    .filter(isHers)
    .flatMap(([, { Properties }]) => statementsIn(Properties));
}

export const statementsIn = ({ PolicyDocument }: Record<string, unknown>): Statement[] =>
  (PolicyDocument as { Statement: Statement[] }).Statement;

export function isAllowed(statements: readonly Statement[], request: Request): boolean {
  const matching = statements.filter((statement) => matches(statement, request));
  return matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
}

function matches(
  { Action, Resource, Condition = {} }: Statement,
  { action, resource, context = {} }: Request,
): boolean {
  if (!list(Action).some((each) => isLike(action, each))) return false;
  if (!list(Resource).some((each) => isLike(resource, textOf(each)))) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, context[key], list(wanted).map(textOf))),
  );
}

function holds(operator: string, found: string | undefined, wanted: string[]): boolean {
  if (operator === 'Null') return wanted.some((each) => (each === 'true') === (found === undefined));
  if (found === undefined) return false;
  switch (operator) {
    case 'StringEquals':
    case 'Bool':
      return wanted.includes(found);
    case 'StringLike':
    case 'ArnLike':
    case 'ArnEquals':
      return wanted.some((each) => isLike(found, each));
    default:
      throw new Error(`Condition ${operator} is not known here`);
  }
}

const isLike = (text: string, pattern: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(text);
