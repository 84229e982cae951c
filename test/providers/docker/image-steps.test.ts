/** Which steps of an image made a layer, told from what the Engine lists. */
import { expect, test } from 'vitest';
import { emptyOnes } from '../../../src/providers/docker/image-steps.ts';

const step = (CreatedBy: string, Size = 0) => ({ CreatedBy, Size });
const base = step('ADD rootfs /', 1000);

test('as many steps with bytes as layers: the others made none', () => {
  expect(emptyOnes([base, step('CMD ["sh"]'), step('RUN make', 5)], 2)).toEqual([false, true, false]);
});

test('all steps have a layer where there are as many', () => {
  expect(emptyOnes([base, step('/bin/sh -c mkdir /x')], 2)).toEqual([false, false]);
});

test('an instruction that touches no file makes none, so that the layer without bytes is that of another', () => {
  const steps = [base, step('/bin/sh -c #(nop)  ENV A=b'), step('/bin/sh -c mkdir /x'), step('CMD ["sh"]')];
  expect(emptyOnes(steps, 2)).toEqual([false, true, false, true]);
});

test('which of two commands made the layer without bytes cannot be told', () => {
  expect(emptyOnes([base, step('/bin/sh -c mkdir /x'), step('/bin/sh -c true')], 2)).toBeNull();
});
