/** Keyset pagination: lists are ordered by (time, id), newest first, and continue after a row instead of skipping some. */

export interface PagePosition {
  /** ISO 8601 in milliseconds, the resolution of longshore_now(). */
  at: string;
  id: string;
}

export interface Page {
  /** 1 to 1000. */
  limit: number;
  after: PagePosition | null;
}
