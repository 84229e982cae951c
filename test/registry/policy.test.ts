/** Which registries may be used, and every spelling of an address that must not slip through. */
import { describe, expect, it } from 'vitest';
import { checkRegistry, type Resolve } from '../../src/registry/policy.ts';

const nobody = { hosts: [], loopback: false };
const anyPublic = { hosts: ['*'], loopback: false };
const resolvesTo =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses;
const never: Resolve = async (host) => {
  throw new Error(`${host} was looked up`);
};

describe('without "*"', () => {
  it('allows docker.io, the hosts that the operator listed, and nothing else', async () => {
    const policy = { hosts: ['registry.example', '10.0.0.5:5000'], loopback: false };
    await checkRegistry(policy, 'docker.io', never);
    await checkRegistry(policy, 'Registry.example', never);
    await checkRegistry(policy, '10.0.0.5:5000', never);
    for (const domain of [
      'other.example',
      'registry.example:444',
      'sub.registry.example',
      '10.0.0.5',
      'docker.io.example',
    ]) {
      await expect(checkRegistry(policy, domain, never)).rejects.toMatchObject({ code: 'forbidden' });
    }
  });

  it('says which registry it refused and which it would allow', async () => {
    await expect(checkRegistry(nobody, 'other.example', never)).rejects.toThrow(
      'The registry other.example may not be used here; allowed are docker.io',
    );
  });
});

describe('registries on the loopback address', () => {
  it('are refused, listed or looked up, unless the operator allows them', async () => {
    for (const domain of ['localhost:5000', '127.0.0.1:5000']) {
      await expect(checkRegistry(nobody, domain, never)).rejects.toMatchObject({ code: 'forbidden' });
      await checkRegistry({ hosts: [], loopback: true }, domain, never);
    }
  });

  it('have two spellings and no more', async () => {
    for (const domain of ['127.1:5000', '2130706433', '0x7f000001:5000', '[::1]:5000', '127.0.0.2:5000']) {
      await expect(checkRegistry({ hosts: [], loopback: true }, domain, never)).rejects.toMatchObject({
        code: 'forbidden',
      });
    }
  });
});

describe('with "*"', () => {
  it('allows a name whose every address is public', async () => {
    await checkRegistry(anyPublic, 'registry.example', resolvesTo('93.184.215.14', '2606:4700::1111'));
    await checkRegistry(anyPublic, '93.184.215.14:5000', never);
  });

  it('refuses a name of which one address is not', async () => {
    for (const inner of [
      '10.1.2.3',
      '169.254.169.254',
      '127.0.0.1',
      '::1',
      'fd00:ec2::254',
      '::ffff:10.0.0.1',
      '64:ff9b::7f00:1',
    ]) {
      const resolve = resolvesTo('93.184.215.14', inner);
      await expect(checkRegistry(anyPublic, 'rebound.example', resolve)).rejects.toMatchObject({ code: 'forbidden' });
    }
  });

  it.each([
    [
      'loopback',
      ['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '127.0.0.1.', '[::1]:5000', '0'],
    ],
    [
      'mapped into IPv6',
      ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]:5000', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]'],
    ],
    ['private', ['10.0.0.1:5000', '10.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '[fd12::1]', '[fec0::1]']],
    [
      'link-local, where clouds keep credentials',
      ['169.254.169.254', '0xa9fea9fe', '2852039166', '[fe80::1]', '[fd00:ec2::254]'],
    ],
    ['of no use', ['0.0.0.0', '255.255.255.255', '224.0.0.1', '192.0.2.1', '[::]', '[2001:db8::1]', '[ff02::1]']],
  ])('refuses addresses that are %s, however they are written', async (_, domains) => {
    for (const domain of domains) {
      await expect(checkRegistry(anyPublic, domain, never), domain).rejects.toMatchObject({ code: 'forbidden' });
    }
  });

  it('calls a name without addresses unavailable', async () => {
    await expect(checkRegistry(anyPublic, 'nowhere.example', never)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(checkRegistry(anyPublic, 'nowhere.example', resolvesTo())).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});
