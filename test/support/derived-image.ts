/** An image of its own for a test: the base image with one more layer and a label. */
import type Docker from 'dockerode';
import { busyboxImage } from './base-images.ts';

/** Makes it under the name on the Engine. Two with different texts share all layers but the last. */
export async function deriveImage(docker: Docker, name: string, text: string): Promise<void> {
  const container = await docker.createContainer({ Image: busyboxImage, Cmd: ['sh', '-c', `echo '${text}' > /text`] });
  try {
    await container.start();
    await container.wait();
    const [repo, tag] = name.split(':');
    await container.commit({ repo, tag, changes: `LABEL text=${JSON.stringify(text)}\nCMD ["cat", "/text"]` });
  } finally {
    await container.remove({ force: true });
  }
}
