/** IAM policy documents: whether a set of them allows an action on a resource. Knows wildcards, variables and the usual conditions. */

export interface PolicyDocument {
  Version?: string;
  Statement: Statement | Statement[];
}

interface Statement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface Access {
  /** Such as `ecr:PutImage`. */
  action: string;
  /** An ARN, or `*` for what has none. */
  resource: string;
  /** Condition keys of the request, such as `aws:RequestTag/tenant`. */
  context: Record<string, string>;
}

/** Explicit denial wins; without an Allow nothing is allowed. */
export function allows(document: PolicyDocument, access: Access): boolean {
  const filled: PolicyDocument = JSON.parse(JSON.stringify(document), (_key, value) =>
    typeof value === 'string' ? fillVariables(value, access.context) : value,
  );
  const matching = [filled.Statement].flat().filter((statement) => applies(statement, access));
  return matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
}

/** `${aws:PrincipalTag/tenant}` and the like; one that has no value matches nothing. */
function fillVariables(text: string, context: Record<string, string>): string {
  return text.replace(/\$\{([^}]+)\}/g, (_whole, name) => context[name] ?? '\0');
}

function applies(statement: Statement, { action, resource, context }: Access): boolean {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  if (Action !== undefined && !matchesAny(Action, action, true)) return false;
  if (NotAction !== undefined && matchesAny(NotAction, action, true)) return false;
  if (Resource !== undefined && !matchesAny(Resource, resource)) return false;
  if (NotResource !== undefined && matchesAny(NotResource, resource)) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, context[key], [wanted].flat())),
  );
}

function holds(operator: string, actual: string | undefined, wanted: string[]): boolean {
  const optional = operator.endsWith('IfExists');
  const base = operator.replace(/IfExists$/, '').replace(/^For(All|Any)Values:/, '');
  if (base === 'Null') return wanted.includes(String(actual === undefined));
  if (actual === undefined) return optional || base === 'StringNotEquals' || base === 'StringNotLike';
  switch (base) {
    case 'StringEquals':
    case 'Bool':
      return wanted.includes(actual);
    case 'StringNotEquals':
      return !wanted.includes(actual);
    case 'StringLike':
    case 'ArnLike':
    case 'ArnEquals':
      return matchesAny(wanted, actual);
    case 'StringNotLike':
      return !matchesAny(wanted, actual);
    default:
      throw new Error(`the fake does not know the policy condition ${operator}`);
  }
}

function matchesAny(patterns: string | string[], text: string, ignoreCase = false): boolean {
  return [patterns].flat().some((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`, ignoreCase ? 'is' : 's').test(text);
  });
}
