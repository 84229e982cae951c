/** Testcontainers over TLS with a client certificate. */
import { openTlsDoor } from '../support/ways.ts';
import { testcontainersCases } from './testcontainers-cases.ts';

const door = await openTlsDoor();
testcontainersCases(door, door.tlsEnv((await door.certificate()).path));
