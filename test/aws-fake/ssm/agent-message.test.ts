/** The bytes of a data channel's messages, and how the agent splits a command. */
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from './agent-message.ts';
import { shellWords } from './shell-words.ts';

/** As AWS's own serializer writes it. */
const golden = [
  '00000074',
  Buffer.from('input_stream_data'.padEnd(32)).toString('hex'),
  '00000001',
  '0000015e0baa7884',
  '0000000000000007',
  '0000000000000000',
  'a508b5f073f31b16dd01e56bff48483e',
];

const message = {
  type: 'input_stream_data',
  schemaVersion: 1,
  createdAtMs: 1_503_434_274_948,
  sequence: 7,
  flags: 0,
  id: 'dd01e56b-ff48-483e-a508-b5f073f31b16',
  payloadType: 3,
  payload: Buffer.from('{"cols":80,"rows":24}'),
};

test('a message has the bytes that AWS gives it, and is read back from them', () => {
  const bytes = encodeMessage(message);
  expect(bytes.toString('hex').startsWith(golden.join(''))).toBe(true);
  expect(bytes.subarray(112).toString('hex')).toBe(`0000000300000015${message.payload.toString('hex')}`);
  expect(decodeMessage(bytes)).toEqual(message);
});

test('bytes that are no message are told what is wrong with them', () => {
  const bytes = encodeMessage(message);
  expect(() => decodeMessage(bytes.subarray(0, 50))).toThrow('50 bytes');
  expect(() => decodeMessage(bytes.subarray(0, -1))).toThrow('payload of 20 bytes');
  bytes[bytes.length - 1] = 0;
  expect(() => decodeMessage(bytes)).toThrow('digest');
});

test('a command is split as a shell would, and not run by one', () => {
  expect(shellWords(`sh -c 'echo "$A" && b' # comment`)).toEqual(['sh', '-c', 'echo "$A" && b']);
  expect(shellWords(`a "b \\"c\\" d"e f\\ g 'h'\\''i' k#l ''`)).toEqual(['a', 'b "c" de', 'f g', "h'i", 'k#l', '']);
  expect(shellWords('')).toEqual([]);
  expect(() => shellWords(`a 'b`)).toThrow('closing quote');
});
