/** One document, each key once. */
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/api/docker/json.ts';

test('a document is read as it is', () => {
  const text = '{"a":{"b":[{"c":1},{"c":2}],"d":"x\\"}:{"},"c":null, "":[] }';
  expect(parseJson(text)).toEqual(JSON.parse(text));
});

test.for([
  ['{"HostConfig":{},"HostConfig":{"Privileged":true}}', /"HostConfig" is there twice/],
  ['{"a":{"Binds":[],"x":{"y":"}"},"Binds":["/:/host"]}}', /"Binds" is there twice/],
  ['{"Binds":[],"\\u0042inds":[]}', /"Binds" is there twice/],
  ['[{"a":1},{"a":1,"a":1}]', /"a" is there twice/],
  ['{"__proto__":{}}', /__proto__/],
  ['{}{"HostConfig":{}}', /one JSON document/],
  ['{"a":1}\0', /one JSON document/],
  ['', /one JSON document/],
  ['{"a":1', /one JSON document/],
] as const)('%s is refused', ([text, message]) => {
  expect(() => parseJson(text)).toThrow(
    expect.objectContaining({ code: 'invalid', message: expect.stringMatching(message) }),
  );
});

test('a mebibyte of anything is read in no time and without recursion', () => {
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  const long = JSON.stringify({ a: '\\"'.repeat(250_000) });
  const started = performance.now();
  parseJson(deep);
  parseJson(long);
  expect(performance.now() - started).toBeLessThan(5000);
});
