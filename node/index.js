// Asks for jobs of aftercommit in a transaction of `pg`: a job exists if, and only if, that commits.

/** The call, or an argument of it, is wrong; the sentence says how.  Nothing was sent, or the database has refused it. */
export class UsageError extends Error {
  name = 'UsageError';
}

/** The tables of jobs are missing or too old, or the role may not write to them. */
export class ConfigError extends Error {
  name = 'ConfigError';
}

// What each option is in SQL.
const PARAMETERS = {
  queue: 'text', countdown: 'interval', eta: 'timestamptz', maxRetries: 'int', expires: 'interval', database: 'text', id: 'uuid',
  priority: 'int', headers: 'jsonb', traceparent: 'text', uniqueKey: 'text', uniqueUntil: 'text', uniqueFor: 'interval',
  onDuplicate: 'text', longestDelay: 'interval', limitKey: 'text',
};
const PRIORITIES = { critical: 0, high: 1, normal: 2, low: 3 };
const TOO_OLD = new Set(['3F000', '42P01', '42883', '42703']);

const inSql = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** JSON.stringify with whole numbers to the last digit, and an error for what it would leave out or change. */
function encode(value, path) {
  switch (typeof value) {
    case 'bigint':
      return value.toString();
    case 'number':
      if (!Number.isFinite(value)) throw new UsageError(`${path} is ${value}, which JSON has no form for`);
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        throw new UsageError(`${path} is ${value}, of which the last digits are lost: give a BigInt, or a text`);
      }
      return Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      if (value instanceof Date) {
        if (Number.isNaN(value.getTime())) throw new UsageError(`${path} is a Date of no time, which JSON has no form for`);
        return JSON.stringify(value);
      }
      // Not map(), which leaves out the places that an array does not have.
      if (Array.isArray(value)) return `[${Array.from(value, (each, n) => encode(each, `${path}[${n}]`)).join(',')}]`;
      if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
        return `{${Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${encode(each, `${path}.${key}`)}`).join(',')}}`;
      }
      throw new UsageError(`${path} is a ${value.constructor?.name ?? 'object'}, which JSON has no form for`);
    default:
      throw new UsageError(`${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}, which JSON has no form for`);
  }
}

function valueOf(name, value) {
  switch (PARAMETERS[name]) {
    case 'interval':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw new UsageError(`${name} is no number of milliseconds`);
      return `${value} milliseconds`;
    case 'timestamptz':
      if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw new UsageError(`${name} is no Date`);
      return value.toISOString();
    case 'jsonb':
      return encode(value, name);
    case 'int':
      return String(name === 'priority' && value in PRIORITIES ? PRIORITIES[value] : value);
    default:
      return String(value);
  }
}

/** A declared task; never changes. */
export class Task {
  #name;
  #schema;
  #defaults;

  constructor(name, { schema = 'aftercommit', ...defaults } = {}) {
    for (const option of Object.keys(defaults)) {
      if (!(option in PARAMETERS)) {
        throw new UsageError(`task '${name}' has no option '${option}'; it has ${Object.keys(PARAMETERS).join(', ')} and schema`);
      }
    }
    this.#name = name;
    this.#schema = schema;
    this.#defaults = defaults;
  }

  get name() {
    return this.#name;
  }

  /** The same task with other options. */
  with(options) {
    return new Task(this.#name, { schema: this.#schema, ...this.#defaults, ...options });
  }

  /** Asks for one job in the transaction that is open on `client`; gives back its id, known before the commit. */
  async delay(client, ...args) {
    return (await this.delayMany(client, [args]))[0];
  }

  /** One job for each array of arguments, by one statement; their ids in that order. */
  async delayMany(client, calls) {
    const cannot = `cannot enqueue task '${this.#name}'`;
    if (typeof client?.query !== 'function') throw new UsageError(`${cannot}: the first argument is no client of pg`);
    if (typeof client.connect === 'function' && 'totalCount' in client) {
      throw new UsageError(`${cannot}: a pool runs each statement on any connection; give the client that has the transaction`);
    }
    const places = [];
    const values = [this.#name];
    try {
      values.push(`[${Array.from(calls, (args) => JSON.stringify(encode(args, 'args'))).join(',')}]`);
      for (const [name, value] of Object.entries(this.#defaults)) {
        if (value === undefined || value === null) continue;
        values.push(valueOf(name, value));
        places.push(`, ${inSql(name)} => CAST($${values.length} AS ${PARAMETERS[name]})`);
      }
    } catch (error) {
      if (error instanceof UsageError) throw new UsageError(`${cannot}: ${error.message}`);
      throw error;
    }
    const schema = `"${this.#schema.replaceAll('"', '""')}"`;
    const sql = `SELECT ${schema}.enqueue(task => CAST($1 AS text), args => call.args${places.join('')}) AS id
      FROM pg_catalog.json_array_elements_text(CAST($2 AS json)) AS call (args)`;
    try {
      return (await client.query(sql, values)).rows.map((row) => row.id);
    } catch (error) {
      throw this.#explained(error, cannot);
    }
  }

  #explained(error, cannot) {
    const code = error.code ?? '';
    const sentence = error.message?.startsWith('cannot ') ? error.message : `${cannot}: ${error.message}`;
    if (/^22...$/.test(code)) return new UsageError(error.hint ? `${sentence}. ${error.hint}` : sentence, { cause: error });
    if (TOO_OLD.has(code)) {
      const option = this.#schema === 'aftercommit' ? '' : ` --schema ${this.#schema}`;
      return new ConfigError(`${sentence}; the tables of jobs in the schema '${this.#schema}' are missing, or older than this call ` +
        `needs: run \`aftercommit migrate${option}\` on this database`, { cause: error });
    }
    if (code === '42501') return new ConfigError(`${sentence}; ${error.hint ?? 'GRANT its role what docs/guide/database.md says'}`, { cause: error });
    return error;
  }
}

/** Declares a task that workers know by this name; options go for all jobs of it. */
export const task = (name, options) => new Task(name, options);
