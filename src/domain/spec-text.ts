/** Texts and numbers as specs carry them: what every provider can take, whatever it is about. */
import { z } from 'zod';

/** NUL and half of a surrogate pair cannot be stored by Postgres nor passed to exec(2). */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), 'must be well-formed Unicode without NUL');

export const labels = z
  .record(
    text(256)
      .min(1)
      .refine((key) => !/^(longshore|cp)\./i.test(key), 'labels under "longshore." and "cp." are reserved'),
    text(16_384),
  )
  .refine((value) => Object.keys(value).length <= 200, 'at most 200 labels')
  .refine((value) => JSON.stringify(value).length <= 65_536, 'at most 64 KiB together');

/** Docker counts in bytes: a fraction of a MiB is fine as long as it is whole bytes. */
export const mebibytes = (size: z.ZodNumber) =>
  size.refine((value) => Number.isInteger(value * 2 ** 20), 'must be whole bytes');
