/**
 * What JSON has a form for; whole numbers beyond 2^53 as BigInt.  What it has none for, `undefined` and a Date of no time included,
 * is a UsageError at whatever depth it is.
 */
export type Argument = null | boolean | number | bigint | string | Date | Argument[] | { [key: string]: Argument };

export interface Options {
  queue?: string;  // 'default' without a word: that of the task in C++ is known there alone
  countdown?: number;  // milliseconds
  eta?: Date;
  maxRetries?: number;
  expires?: number;  // milliseconds
  database?: string;  // the alias by which workers know the database
  id?: string;
  priority?: 0 | 1 | 2 | 3 | 'critical' | 'high' | 'normal' | 'low';
  headers?: Record<string, string>;
  traceparent?: string;
  uniqueKey?: string;
  uniqueUntil?: 'done' | 'start';
  uniqueFor?: number;  // milliseconds
  onDuplicate?: 'skip' | 'replace' | 'debounce' | 'once_more';
  longestDelay?: number;  // milliseconds
  limitKey?: string;
  schema?: string;  // of the tables of jobs
}

/** A client of pg on which a transaction is open. */
export interface Client {
  query(sql: string, values: unknown[]): Promise<{ rows: any[] }>;
}

export class UsageError extends Error {}
export class ConfigError extends Error {}

export class Task<Args extends Argument[] = Argument[]> {
  constructor(name: string, options?: Options);
  readonly name: string;
  with(options: Options): Task<Args>;
  delay(client: Client, ...args: Args): Promise<string>;
  delayMany(client: Client, calls: Args[]): Promise<string[]>;
}

export function task<Args extends Argument[] = Argument[]>(name: string, options?: Options): Task<Args>;
