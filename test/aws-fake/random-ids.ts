/** Ids in the shapes that AWS gives them. */
import { randomBytes } from 'node:crypto';

/** Hex digits: 32 of a task's id, 17 of an EC2 resource's. */
export function hexId(digits: number): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString('hex')
    .slice(0, digits);
}

/** Letters and digits as in the suffix of a secret's ARN. */
export function letters(count: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from(randomBytes(count), (byte) => alphabet[byte % alphabet.length]).join('');
}
