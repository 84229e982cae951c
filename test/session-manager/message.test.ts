/** The bytes of a data channel's messages. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/session-manager/message.ts';

const size = {
  type: 'input_stream_data',
  createdAtMs: 1_503_434_274_948,
  sequence: 7,
  flags: 0,
  id: 'dd01e56b-ff48-483e-a508-b5f073f31b16',
  payloadKind: 3,
  payload: Buffer.from('{"cols":80,"rows":24}'),
};

test("a message has the bytes that AWS's own client gives it", () => {
  const bytes = encodeMessage(size).toString('hex');
  const head =
    '00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000015e0baa7884' +
    '00000000000000070000000000000000a508b5f073f31b16dd01e56bff48483ed53ca1ea';
  expect(bytes.slice(0, head.length)).toBe(head);
  expect(bytes.slice(head.length + 48)).toBe(`5b691cba0000000300000015${size.payload.toString('hex')}`);
});

const message = fc.record({
  type: fc.constantFrom('input_stream_data', 'output_stream_data', 'acknowledge', 'channel_closed'),
  createdAtMs: fc.maxSafeNat(),
  sequence: fc.maxSafeNat(),
  flags: fc.nat(3),
  id: fc.uuid(),
  payloadKind: fc.nat(12),
  payload: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
});

test('every message is read back as it was written', () => {
  const check = (written: Parameters<typeof encodeMessage>[0]) => {
    expect(decodeMessage(encodeMessage(written))).toEqual(written);
  };
  fc.assert(fc.property(message, check));
});

test('what was cut, or changed in its payload, is no message', () => {
  const bytes = encodeMessage(size);
  for (let length = 0; length < bytes.length; length++) expect(decodeMessage(bytes.subarray(0, length))).toBeNull();
  for (let at = 120; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(decodeMessage(changed)).toBeNull();
  }
});

test('whatever bytes arrive, reading them never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeMessage(Buffer.from(bytes))));
});
