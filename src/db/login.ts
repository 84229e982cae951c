/** How a connection logs in: as whom, with which password, and with what its session begins. */
import type postgres from 'postgres';

export type LoginOptions = postgres.Options<Record<string, never>>;

/** What a URL says. */
export interface Address extends LoginOptions {
  host: string;
  port: number;
  username: string;
  password: string;
  connection: Record<string, string>;
}

/** Passwords that no URL says, because they change. */
export interface Credentials {
  /** Asked for each connection. */
  password(login: { host: string; port: number; username: string }): Promise<string>;
  /** What was said last was refused. Throws when there is nobody to ask. */
  renew(): Promise<void>;
}

interface Wanted {
  /** To be assumed; undefined: the login is a role of its own. */
  role: string | undefined;
  /** Of the session, unless the URL has its own. */
  settings: Record<string, string>;
  credentials?: Credentials | undefined;
  /** False: there is no session to have them. */
  sessions: boolean;
  connectSeconds: number;
}

/** Logs in as the role itself on a trusted local socket; elsewhere the owner's login assumes it before its first statement. */
export function login(
  options: Address,
  { role, settings, credentials, sessions, connectSeconds }: Wanted,
): LoginOptions {
  const { host, port, username, password } = options;
  const local = host.startsWith('/') && !password;
  const assumed = role === undefined || local ? {} : { role };
  // A process that stands still closes nothing, and a database that pauses waits for the last session.
  const idle: Record<string, string> = { idle_session_timeout: `${2 * IDLE_SECONDS}s` };
  const connection = sessions ? { ...idle, ...settings, ...options.connection, ...assumed } : options.connection;
  return {
    ...options,
    ...(role !== undefined && local ? { username: role } : {}),
    ...(credentials && !local && !password ? { password: () => credentials.password({ host, port, username }) } : {}),
    ...{ connection, connect_timeout: connectSeconds, idle_timeout: IDLE_SECONDS },
  };
}

/** A connection that was not used for so long is closed, and not trusted if it could not be: the process may have stood still. */
export const IDLE_SECONDS = 60;
