import { expect, test } from 'vitest';
import { twoWayCall } from '../../src/agent/docker-path.ts';

test('attach, exec start and resize are known with every version and without', () => {
  expect(twoWayCall('POST', '/v1.44/containers/box/attach?stdout=1')).toMatchObject({
    kind: 'attach',
    container: 'box',
  });
  expect(twoWayCall('POST', '/exec/abc/start')).toEqual({ kind: 'start', exec: 'abc' });
  expect(twoWayCall('POST', '/v1.51/exec/abc/resize?h=24&w=80')).toEqual({
    ...{ kind: 'resize', exec: 'abc', columns: 80, rows: 24 },
  });
});

test.each([
  ['GET', '/v1.44/containers/box/attach/ws'],
  ['GET', '/v1.44/exec/abc/json'],
  ['POST', '/v1.44/containers/box/start'],
  ['POST', '/v1.44/containers/box/exec'],
  ['POST', '/v1/execs/abc/session'],
  ['POST', undefined],
])('%s %s is none of them', (method, target) => {
  expect(twoWayCall(method, target)).toBeNull();
});
