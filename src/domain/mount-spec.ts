/** What a container finds at a path besides its image: volumes, memory, and folders of the host where that is allowed. */
import { z } from 'zod';
import { labels, mebibytes, text } from './spec-text.ts';

const mountTarget = text(4096)
  .regex(/^\/.+/, 'must be an absolute path below /')
  .refine((path) => !path.split('/').includes('..'), 'must not contain ".."');

export const volumeName = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be 1 to 128 of [a-zA-Z0-9_.-], starting with a letter or digit');

const userId = z.int().min(0).max(0x7fff_ffff);

export const mount = z.discriminatedUnion('type', [
  /** Without a source an anonymous volume is made. */
  z.strictObject({
    type: z.literal('volume'),
    source: volumeName.optional(),
    target: mountTarget,
    readOnly: z.boolean().default(false),
    /** False: an empty volume stays empty, instead of taking what the image has at the target. */
    copy: z.boolean().optional(),
    /** Of the volume, where this mount makes it. */
    labels: labels.optional(),
  }),
  z.strictObject({
    type: z.literal('tmpfs'),
    target: mountTarget,
    sizeMiB: mebibytes(z.number().positive().max(65_536)).optional(),
    /** Of its root folder, 0o1777 = 1023 when absent. */
    mode: z.int().min(0).max(0o1777).optional(),
    uid: userId.optional(),
    gid: userId.optional(),
    readOnly: z.boolean().optional(),
    /** True: what is in it may be executed. */
    exec: z.boolean().optional(),
  }),
  /** A path of the host: only below folders that the operator allows for the tenant. */
  z.strictObject({
    type: z.literal('bind'),
    source: mountTarget,
    target: mountTarget,
    readOnly: z.boolean().default(false),
  }),
]);
export type Mount = z.output<typeof mount>;

/** Its options as mount(8) writes them. */
export function tmpfsOptions({ sizeMiB, mode, uid, gid, readOnly, exec }: Extract<Mount, { type: 'tmpfs' }>): string {
  const options = [
    sizeMiB !== undefined && `size=${sizeMiB * 2 ** 20}`,
    mode !== undefined && `mode=${mode.toString(8)}`,
    uid !== undefined && `uid=${uid}`,
    gid !== undefined && `gid=${gid}`,
    readOnly && 'ro',
    exec && 'exec',
  ];
  return options.filter(Boolean).join(',');
}
