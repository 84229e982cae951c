/** Published ports of the pretended machine. */
import type { PublishedPort } from '../../domain/container.ts';
import { AppError } from '../../domain/errors.ts';
import type { MemoryRun, MemoryWorld } from './world.ts';

/** Throws conflict when a port that was asked for is taken; then none is. */
export function takePorts(world: MemoryWorld, run: MemoryRun): PublishedPort[] {
  const wanted = run.input.spec.ports;
  const taken = wanted.find(({ protocol, hostPort }) => hostPort !== 0 && world.ports.has(`${protocol}/${hostPort}`));
  if (taken)
    throw new AppError('conflict', `Port ${taken.hostPort} is already taken.`, { details: { port: taken.hostPort } });
  return wanted.map(({ protocol, hostPort, containerPort }) => {
    const port = hostPort || freePort(world, protocol);
    world.ports.set(`${protocol}/${port}`, run.input.key);
    return { containerPort, hostPort: port, hostAddress: '127.0.0.1', protocol };
  });
}

export function releasePorts(world: MemoryWorld, run: MemoryRun): void {
  for (const { protocol, hostPort } of run.seen.ports) world.ports.delete(`${protocol}/${hostPort}`);
}

function freePort(world: MemoryWorld, protocol: string): number {
  for (;;) {
    world.counter += 1;
    const port = 49_152 + (world.counter % 16_384);
    if (!world.ports.has(`${protocol}/${port}`)) return port;
  }
}
