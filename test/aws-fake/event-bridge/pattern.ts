/** Event patterns: which events a rule is about. */

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Null, or what EventBridge has against the pattern. */
export function patternProblem(pattern: unknown, path = 'Event pattern'): string | null {
  if (!isObject(pattern)) return `${path} is not valid. Reason: Must be an object`;
  for (const [name, wanted] of Object.entries(pattern)) {
    if (isObject(wanted)) {
      const problem = patternProblem(wanted, `${path}.${name}`);
      if (problem) return problem;
    } else if (!Array.isArray(wanted) || wanted.length === 0) {
      return `${path} is not valid. Reason: "${name}" must be an object or an array`;
    } else {
      const unknown = wanted.find((each) => isObject(each) && !Object.keys(each).every((key) => key in filters));
      if (unknown) return `${path} is not valid. Reason: Unrecognized match type ${Object.keys(unknown).join()}`;
    }
  }
  return null;
}

const filters: Record<string, (filter: unknown, value: unknown) => boolean> = {
  prefix: (filter, value) => typeof value === 'string' && value.startsWith(String(filter)),
  suffix: (filter, value) => typeof value === 'string' && value.endsWith(String(filter)),
  'anything-but': (filter, value) => value !== undefined && ![filter].flat().includes(value),
  exists: (filter, value) => (value !== undefined) === filter,
};

/** Every field of the pattern has one of the values that it lists; of a list in the event one is enough. */
export function matches(pattern: Json, event: Json): boolean {
  return Object.entries(pattern).every(([name, wanted]) => {
    const value = event[name];
    if (isObject(wanted)) return isObject(value) && matches(wanted, value);
    const values = Array.isArray(value) ? value : [value];
    return (wanted as unknown[]).some((each) => values.some((one) => matchesOne(each, one)));
  });
}

const matchesOne = (wanted: unknown, value: unknown): boolean =>
  isObject(wanted)
    ? Object.entries(wanted).every(([name, filter]) => filters[name]?.(filter, value) ?? false)
    : wanted === value;
