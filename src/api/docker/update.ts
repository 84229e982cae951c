/** POST /containers/{id}/update: other limits, another restart policy. */
import { z } from 'zod';
import { type ContainerSpec, changeableResources, containerSpec } from '../../domain/container-spec.ts';
import { AppError } from '../../domain/errors.ts';
import { updateContainer } from '../../services/container-update.ts';
import { checkFields } from './check-fields.ts';
import { parseJson } from './json.ts';
import { type Handler, ok, textBody } from './request.ts';
import { resourcesOf } from './translate-resources.ts';

const number = z.number().optional();
const updateBody = z.object({
  Memory: number,
  MemoryReservation: number,
  NanoCpus: number,
  CpuQuota: number,
  CpuPeriod: number,
  CpuShares: number,
  PidsLimit: number,
  RestartPolicy: z.object({ Name: z.string().optional(), MaximumRetryCount: z.number().optional() }).optional(),
});

export const update: Handler = async ({ deps }, request) => {
  const text = await textBody(request);
  // The fields are those of HostConfig, with the same verdicts.
  const { asked, warnings } = checkFields({ HostConfig: text === '' ? {} : parseJson(text) });
  const host = checked(updateBody, asked.HostConfig ?? {});
  for (const name of Object.keys(asked.HostConfig ?? {})) {
    if (!(name in updateBody.shape)) throw new AppError('invalid', `${name} cannot change while a container is there`);
  }
  const { memoryMiB, memoryReservationMiB, cpus, cpuShares, pids } = resourcesOf(host);
  const resources = checked(changeableResources, given({ memoryMiB, memoryReservationMiB, cpus, cpuShares, pids }));
  const { converged } = await updateContainer(deps, request.ctx, request.params.id ?? '', {
    resources,
    restart: restartOf(host.RestartPolicy),
  });
  if (!converged) throw new AppError('timeout', 'Accepted, and still being worked on; look at the container again');
  return ok({ Warnings: warnings.length > 0 ? warnings : null });
};

function restartOf(policy: z.output<typeof updateBody>['RestartPolicy']): ContainerSpec['restart'] | undefined {
  if (!policy?.Name) return undefined;
  return checked(containerSpec.shape.restart, { policy: policy.Name, maxRetries: policy.MaximumRetryCount ?? 0 });
}

const given = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('invalid', `${issue?.path.join('.') || 'body'}: ${issue?.message}`, { cause: parsed.error });
}
