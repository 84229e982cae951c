/** Which addresses a tenant may choose for a network: those of the operator's list, since a network's route is the whole machine's. */
import ipaddr from 'ipaddr.js';
import { AppError } from '../domain/errors.ts';
import type { Ipam } from '../domain/network.ts';

const LARGEST = 16;
const SMALLEST = 29;

/** @param allowed `172.28.0.0/15` … Throws invalid for what is no such subnet, forbidden for one outside of the list. */
export function checkSubnet({ subnet, gateway }: Ipam, allowed: readonly string[]): void {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(subnet)) throw new AppError('invalid', `invalid subnet ${subnet}`);
  const [base, length] = ipaddr.IPv4.parseCIDR(subnet);
  if (ipaddr.IPv4.networkAddressFromCIDR(subnet).toString() !== base.toString()) {
    throw new AppError('invalid', `invalid subnet ${subnet}: it should begin with its network address`);
  }
  if (length < LARGEST || length > SMALLEST) {
    throw new AppError('forbidden', `A subnet may have /${LARGEST} to /${SMALLEST}, not /${length}`);
  }
  const isInside = allowed.map((range) => ipaddr.IPv4.parseCIDR(range)).some((range) => within(base, length, range));
  if (!isInside) throw new AppError('forbidden', `The subnet must be inside of ${allowed.join(', ') || 'nothing'}`);
  if (gateway === null) return;
  const isHost = ipaddr.IPv4.isValidFourPartDecimal(gateway) && gateway !== base.toString();
  if (!isHost || !ipaddr.IPv4.parse(gateway).match(base, length)) {
    throw new AppError('invalid', `invalid gateway ${gateway}: it must be an address of ${subnet}`);
  }
}

const within = (base: ipaddr.IPv4, length: number, [from, bits]: [ipaddr.IPv4, number]): boolean =>
  length >= bits && base.match(from, bits);
