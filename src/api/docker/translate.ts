/** Docker's create body to a ContainerSpec. Pure. */
import { type ContainerSpec, containerSpec } from '../../domain/container-spec.ts';
import { AppError } from '../../domain/errors.ts';

export function toSpec(text: string, _version: string): { spec: ContainerSpec; warnings: string[] } {
  const b = JSON.parse(text);
  const parsed = containerSpec.safeParse({
    image: b.Image,
    command: b.Cmd ?? undefined,
    entrypoint: b.Entrypoint ?? undefined,
    env: b.Env ?? [],
    tty: b.Tty ?? false,
    stdin: b.OpenStdin ?? false,
    autoRemove: b.HostConfig?.AutoRemove ?? false,
    labels: b.Labels ?? {},
  });
  if (!parsed.success) throw new AppError('invalid', parsed.error.message);
  return { spec: parsed.data, warnings: [] };
}
