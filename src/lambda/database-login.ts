/**
 * How a function logs in to its database: by the secret that RDS keeps for it and changes now and then, by tokens of IAM, or by
 * what DATABASE_URL says.
 */
import { z } from 'zod';
import type { Config } from '../config.ts';
import type { DatabaseLogin } from '../deps.ts';
import { AppError } from '../domain/errors.ts';
import { readSecret } from './secrets.ts';

/** As RDS writes it; of the rest nothing is needed. */
const rdsSecret = z.object({
  username: z.string(),
  password: z.string(),
  host: z.string().optional(),
  port: z.coerce.number().int().optional(),
  dbname: z.string().optional(),
});
type RdsSecret = z.infer<typeof rdsSecret>;

/** Throws unavailable when the secret cannot be read. */
export async function databaseLogin(config: Config): Promise<DatabaseLogin> {
  const { DATABASE_URL: url, LONGSHORE_DATABASE_SECRET: secret } = config;
  if (secret !== undefined) return bySecret(secret, url);
  if (url === undefined) throw new Error('DATABASE_URL: is missing');
  return config.LONGSHORE_DATABASE_IAM ? byToken(url) : { url };
}

/** @param url where, unless the secret says it */
async function bySecret(arn: string, url: string | undefined): Promise<DatabaseLogin> {
  let known = parse(arn, await readSecret(arn));
  let renewing: Promise<void> | null = null;
  return {
    url: urlOf(known, url),
    credentials: {
      password: async () => known.password,
      renew: () =>
        (renewing ??= readSecret(arn)
          .then((text) => {
            known = parse(arn, text);
          })
          .finally(() => {
            renewing = null;
          })),
    },
  };
}

/** What is no JSON is not quoted, as its parser would in the log: it may be the password itself. */
function parse(arn: string, text: string): RdsSecret {
  const read = rdsSecret.safeParse(jsonIn(text));
  if (read.success) return read.data;
  const issues = read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
  throw new AppError('unavailable', 'A setting cannot be read', {
    cause: new Error(`The secret ${arn} is not one of a database: ${issues.join('; ')}`),
  });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function urlOf({ username, host, port = 5432, dbname = 'postgres' }: RdsSecret, given: string | undefined): string {
  if (given === undefined && host === undefined)
    throw new Error('DATABASE_URL: is missing, and the secret names no host');
  const url = new URL(given ?? `postgres://${host}:${port}/${encodeURIComponent(dbname)}?sslmode=verify-full`);
  url.username = encodeURIComponent(username);
  url.password = '';
  return url.href;
}

/** A token is good for one login within 15 minutes, and made without a request. */
function byToken(url: string): DatabaseLogin {
  return {
    url,
    credentials: {
      password: async ({ host, port, username }) => {
        const { Signer } = await import('@aws-sdk/rds-signer');
        return new Signer({ hostname: host, port, username }).getAuthToken();
      },
      // The next one is another one anyway.
      renew: async () => {},
    },
  };
}
