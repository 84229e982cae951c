/** docker-py 5 with the key in its configuration. */
import { test } from 'vitest';
import { runDockerPy } from '../support/docker-py.ts';
import { openDoor } from '../support/door.ts';

const { app, a } = await openDoor();

test('containers, exec, logs, networks, volumes and events do what docker-py expects', async () => {
  await runDockerPy(app.image, { HOME: a.configDir, ...a.env });
});
