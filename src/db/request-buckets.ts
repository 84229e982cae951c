/** Token buckets that all processes draw on, whoever's requests they send. A row is written only by who has read what it replaces. */
import { sql } from 'drizzle-orm';
import { AppError } from '../domain/errors.ts';
import { drawFrom, fullBucket, type RequestBuckets, requestBucket } from '../domain/request-buckets.ts';
import type { Db } from './client.ts';
import { json, param, prepare } from './statements.ts';

const readBucket = prepare(sql`select version, bucket, extract(epoch from clock.now)::float8 * 1000 as now
  from (select longshore_now() as now) clock left join request_buckets on name = ${param('name', 'text')}`);

/** A name that nobody has used yet has version 0. */
const writeBucket = prepare(sql`insert into request_buckets (name, version, bucket)
    values (${param('name', 'text')}, 1, ${param('bucket', 'jsonb')})
  on conflict (name) do update set version = request_buckets.version + 1, bucket = excluded.bucket
    where request_buckets.version = ${param('version', 'bigint')}
  returning version`);

/** Each failure means that somebody else succeeded, so that more than there are processes is a defect. */
const mostTries = 100;
/** Between two draws of one process while it waits: what comes together meanwhile is taken at once. */
const shortestWaitMs = 100;

/** @param process names this one among all that share the database */
export function sharedBuckets(db: Db, process: string): RequestBuckets {
  return {
    draw: async (limit, waiting) => {
      for (let tries = 0; tries < mostTries; tries++) {
        const [row] = await db.query('reconciler', readBucket({ name: limit.name }));
        const now = Number(row?.now);
        const before = row?.bucket ? requestBucket.parse(row.bucket) : fullBucket(limit, now);
        const { bucket, granted, waitMs } = drawFrom(before, limit, { process, waiting, now });
        const next = { name: limit.name, version: Number(row?.version ?? 0), bucket: json(bucket) };
        const written = await db.query('reconciler', writeBucket(next));
        if (written.length > 0) return { granted, waitMs: waitMs === 0 ? 0 : Math.max(waitMs, shortestWaitMs) };
      }
      throw new AppError('unavailable', 'Too many processes ask for their turn');
    },
  };
}
