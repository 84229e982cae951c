/** Requests made up from the API's own description: some nearly right, some far from it, all of them possible over HTTP. */
import fc from 'fast-check';
import type { Route } from './document.ts';

type Schema = Record<string, unknown> & { $ref?: string };
type Components = Record<string, unknown>;

export interface HostileRequest {
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Texts that mean something somewhere: to a shell, a database, a parser, a router or to us. */
const loaded = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e400',
    '0x10',
    'NaN',
    'null',
    'true',
    '[]',
    '{}',
    'a=b',
    '*',
    '%',
    '%00',
    '../..',
    '/',
    '//',
  ],
  ...['\0', 'a\0b', '\n', '\r\n', '\\', '~', '\u2028', '\ufeff', '\ud800', 'a\udfffb', '😀', 'é', 'ſ', '\u202e'],
  ...["'; drop table containers; --", '$1', '$$', '{{7*7}}', '__proto__', 'constructor', 'toString', 'length'],
  ...['x'.repeat(300), 'f'.repeat(64), 'sha256:', `sha256:${'0'.repeat(64)}`],
  ...['no/such:image', 'UPPER/case', 'a:b:c', 'localhost:1/x', '127.0.0.1/x', 'default', 'latest', 'running,exited'],
  ...['2020-01-01T00:00:00Z', '2020-13-45', '99999999999999999999', 'KILL', 'SIGUSR1', '10m'],
];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...loaded) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);
const anything = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.jsonValue({ maxDepth: 3 }));

/** Mostly the first, now and then the second. */
const mostly = <T, U>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<U>, weight = 9): fc.Arbitrary<T | U> =>
  fc.oneof({ weight, arbitrary: usual as fc.Arbitrary<T | U> }, { weight: 1, arbitrary: odd as fc.Arbitrary<T | U> });

/** @param names of objects that are there, by the name of the parameter or field that takes them */
export function hostileRequest(
  route: Route,
  components: Components,
  names: Record<string, string[]>,
): fc.Arbitrary<HostileRequest> {
  const parameters = (route.operation.parameters ?? []).flatMap((each) => ('name' in each ? [each] : []));
  const namesOf = (place: string) => parameters.filter((each) => each.in === place).map(({ name }) => name);
  const path = fc.record(
    Object.fromEntries(
      namesOf('path').map((name) => [name, mostly(fc.constantFrom(...(names[name] ?? ['x'])), segment, 3)]),
    ),
  );
  const queryName = mostly(fc.constantFrom('limit', ...namesOf('query')), text);
  const query = fc.array(fc.tuple(queryName, fc.oneof(text, fc.integer({ min: -5, max: 5 }).map(String))), {
    maxLength: 3,
  });
  const { requestBody } = route.operation;
  const schema = requestBody && 'content' in requestBody ? requestBody.content['application/json']?.schema : undefined;
  const body = bodyOf(schema ? new Values(components, names).value(schema as Schema) : anything);
  const type = mostly(
    fc.constant('application/json'),
    fc.constantFrom('text/plain', 'application/json; charset=utf-16', 'x'),
    20,
  );
  const key = mostly(fc.constant(undefined), fc.stringMatching(/^[\x20-\x7e]{0,300}$/), 4);
  return fc.record({ path, query, body, type, key }).map((made) => ({
    path:
      route.path.replace(/\{(\w+)\}/g, (_, name: string) => encoded(made.path[name] ?? '')) + queryString(made.query),
    headers: {
      ...(route.method === 'GET' ? {} : { 'content-type': made.type }),
      ...(made.key === undefined ? {} : { 'idempotency-key': made.key }),
    },
    body: route.method === 'GET' ? undefined : made.body,
  }));
}

/** Not what would make it another path: nothing, and the ways up that a client resolves before it sends. */
const segment = text.filter((value) => value !== '' && !/^\.{1,2}$/.test(value));

const encoded = (value: string) => Buffer.from(value).toString('hex').replace(/../g, '%$&');
const queryString = (pairs: [string, string][]) =>
  pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&')}`;

/** As JSON, now and then broken off. */
function bodyOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const whole = value.map((each) => JSON.stringify(each) ?? 'null');
  return mostly(
    whole,
    fc.tuple(whole, fc.nat(50)).map(([json, at]) => json.slice(0, at)),
    20,
  );
}

/** Values of schemas, more or less. */
class Values {
  readonly #components: Components;
  readonly #names: Record<string, string[]>;

  constructor(components: Components, names: Record<string, string[]>) {
    this.#components = components;
    this.#names = names;
  }

  value(schema: Schema): fc.Arbitrary<unknown> {
    return mostly(this.#right(schema), anything, 30);
  }

  #right(schema: Schema): fc.Arbitrary<unknown> {
    if (schema.$ref)
      return this.#right(this.#components[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] as Schema);
    const choices = (schema.anyOf ?? schema.oneOf ?? schema.allOf) as Schema[] | undefined;
    if (choices) return fc.oneof(...choices.map((choice) => this.value(choice)));
    if (schema.enum) return fc.constantFrom(...(schema.enum as unknown[]));
    const {
      minimum = -1,
      maximum = 2 ** 31,
      pattern,
    } = schema as { minimum?: number; maximum?: number; pattern?: string };
    switch ([schema.type].flat()[0]) {
      case 'string':
        return pattern === undefined ? text : mostly(fc.stringMatching(new RegExp(pattern)), text, 5);
      case 'integer':
        return mostly(
          fc.integer({ min: minimum, max: Math.min(maximum, 2 ** 31) }),
          fc.constantFrom(-1, 2 ** 53, 1e308, 0.5),
        );
      case 'number':
        return mostly(fc.double({ min: minimum, max: maximum }), fc.constantFrom(-1, 2 ** 53, 1e308));
      case 'boolean':
        return fc.boolean();
      case 'array':
        return fc.array(this.value((schema.items ?? {}) as Schema), { maxLength: 3 });
      case 'object':
        return this.#object(schema);
      default:
        return anything;
    }
  }

  /** Its required fields, a few of the others, and now and then one that it does not have. */
  #object(schema: Schema): fc.Arbitrary<unknown> {
    const fields = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
    const required = (schema.required ?? []) as string[];
    const field = ([name, each]: [string, Schema]) => {
      const known = this.#names[name];
      return fc.tuple(
        fc.constant(name),
        known ? mostly(fc.constantFrom(...known), this.value(each)) : this.value(each),
      );
    };
    const extra =
      typeof schema.additionalProperties === 'object' ? this.value(schema.additionalProperties as Schema) : anything;
    const isMap = schema.additionalProperties !== false && fields.length === 0;
    const more = isMap
      ? fc.dictionary(text, extra, { maxKeys: 3 })
      : mostly(fc.constant({}), fc.dictionary(text, extra, { maxKeys: 1 }));
    const free = fields.filter(([name]) => !required.includes(name));
    const optional = fc.subarray(free, { maxLength: Math.min(3, free.length) });
    return fc.tuple(optional, more).chain(([chosen, others]) => {
      const wanted = [...fields.filter(([name]) => required.includes(name)), ...chosen];
      return fc.tuple(...wanted.map(field)).map((pairs) => ({ ...others, ...Object.fromEntries(pairs) }));
    });
  }
}
