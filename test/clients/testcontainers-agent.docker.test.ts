/** Testcontainers through the socket of the local agent. */
import { join } from 'node:path';
import { openTlsDoor } from '../support/ways.ts';
import { testcontainersCases } from './testcontainers-cases.ts';

const door = await openTlsDoor();
testcontainersCases(door, await door.agent('--socket', join(door.folder, 'docker.sock'), '--url', door.app.url));
