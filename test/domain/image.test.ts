import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { familiarReference, isForPlatform, parseImageReference } from '../../src/domain/image.ts';

const digest = `sha256:${'a'.repeat(64)}`;

it('an image is for the platform that its own one is called, in whole, in part or by another name', () => {
  const image = { os: 'linux', architecture: 'arm64' };
  for (const name of ['linux/arm64', 'linux/arm64/v8', 'linux', 'arm64', 'linux/aarch64', 'LINUX/ARM64']) {
    expect([name, isForPlatform(image, name)]).toEqual([name, true]);
  }
  for (const name of ['linux/amd64', 'windows/arm64', 'amd64', '', 'arm64/linux']) {
    expect([name, isForPlatform(image, name)]).toEqual([name, false]);
  }
});

describe('image references', () => {
  it.each([
    ['busybox', 'docker.io', 'library/busybox', 'latest', null],
    ['busybox:1.36', 'docker.io', 'library/busybox', '1.36', null],
    ['acme/web', 'docker.io', 'acme/web', 'latest', null],
    ['127.0.0.1:5001/x/bb:1', '127.0.0.1:5001', 'x/bb', '1', null],
    ['localhost/x', 'localhost', 'x', 'latest', null],
    ['ghcr.io/a/b/c:v2', 'ghcr.io', 'a/b/c', 'v2', null],
    [`busybox@${digest}`, 'docker.io', 'library/busybox', null, digest],
    [`reg:5000/a:b@${digest}`, 'reg:5000', 'a', 'b', digest],
    ['index.docker.io/library/busybox', 'docker.io', 'library/busybox', 'latest', null],
  ])('%s is understood as Docker does', (text, domain, path, tag, wantedDigest) => {
    expect(parseImageReference(text)).toEqual({ domain, path, tag, digest: wantedDigest });
  });

  it.each([
    '',
    ' ',
    'upper/Case',
    'a//b',
    '/a',
    'a/',
    'a:',
    'a:b:c',
    'a@b',
    '-a',
    'a..b',
    'a b',
    'ä',
    'a'.repeat(600),
    `a@${digest}@${digest}`,
    '../x',
    'x/../y',
    'a\u0000b',
    `${'a'.repeat(64)}`,
  ])('refuses %j', (text) => expect(() => parseImageReference(text)).toThrow(AppError));

  it('reads back what it writes', () => {
    const part = fc
      .stringMatching(/^[a-z0-9]+([._-][a-z0-9]+)*$/, { size: 'small' })
      .filter((text) => text.length > 0 && text.length < 30);
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
    fc.assert(
      fc.property(
        fc.constantFrom('docker.io', 'ghcr.io', '127.0.0.1:5000', 'localhost'),
        part,
        part,
        tag,
        (domain, first, second, name) => {
          const reference = { domain, path: `${first}/${second}`, tag: name, digest: null };
          expect(parseImageReference(familiarReference(reference))).toEqual(
            domain === 'docker.io' && first === 'library' ? { ...reference } : reference,
          );
        },
      ),
    );
  });

  it('never throws anything but a readable refusal', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        try {
          parseImageReference(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
