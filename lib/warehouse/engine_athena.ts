/** Athena: the engine for lakes that one machine is too small for. Takes the same statements as the embedded one. */
import type { QueryExecution } from "@aws-sdk/client-athena";
import { createHash } from "node:crypto";
import type { Effects } from "../core/effects.ts";
import { LakebookError, SqlError } from "../core/errors.ts";
import { explainFailure, type FailedQuery, isUnknownQuery, type ToOriginal } from "./athena_errors.ts";
import { AthenaRequests } from "./athena_requests.ts";
import { billedBytes, megabytes } from "./athena_price.ts";
import type { AthenaSettings } from "./athena_settings.ts";
import { engineType, readValue } from "./athena_values.ts";
import { isReading, notReading, resolveNames } from "./resolve_names.ts";
import type { QueryResult, SqlEngine } from "./sql_engine.ts";

/** The longest statement that Athena takes. */
const STATEMENT_BYTES = 262_144;
/** Between two looks at a running query: the first wait, and the longest one; each is half as long again. */
const FIRST_WAIT_MS = 100, LONGEST_WAIT_MS = 3_000;

/** What a query took. */
export interface AthenaSummary {
  query_id: string;
  /** What Athena read from the lake. */
  bytes_scanned: number;
  /** The same as it is charged: whole megabytes, ten at least; 0 for a definition, or for an earlier answer. */
  bytes_billed: number;
  /** An estimate, from the price in the settings. */
  usd: number;
  /** Whether it is an earlier answer to the same statement. */
  reused: boolean;
  /** Inside Athena, waiting in its queue included. */
  duration_ms: number;
  /** Where Athena keeps the answer. */
  output: string | null;
}

/** Rows, and what they took. */
export interface AthenaResult extends QueryResult {
  summary: AthenaSummary;
}

/** How an `INSERT` ended. */
export interface AthenaWrite extends AthenaSummary {
  /** Why it failed, or null where it succeeded. */
  failure: LakebookError | null;
  /** Rows that it added. */
  rows: number;
  /** Where Athena lists the objects that it wrote, or meant to write: `s3://…-manifest.csv`. */
  manifest: string | null;
}

/** Of one statement. */
export interface AthenaOptions {
  /** Cancels the query on Athena's side. */
  signal?: AbortSignal;
  /**
   * 32 to 128 characters that stand for this one act ({@linkcode requestToken}): Athena runs a statement that is sent
   * with the same token again only once. Without it every call is an act of its own.
   */
  token?: string;
}

/**
 * A stable token for an act: the same parts give the same token.
 *
 * @example
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const token = requestToken("insert_last_hour", "2026-01-02T03");
 * assertEquals([token.length, token], [64, requestToken("insert_last_hour", "2026-01-02T03")]);
 * assertNotEquals(token, requestToken("insert_last_hour", "2026-01-02T04"));
 * ```
 */
export function requestToken(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/**
 * An engine on Athena. Nothing is ever answered by another engine instead.
 *
 * It counts what its statements scan. One that is running when the sum passes the byte budget is cancelled. A query that
 * was faster than that is an error all the same, which says where its answer lies, since it is paid for; what
 * {@linkcode AthenaEngine.run} was to do is done then, and no error. After either nothing further starts.
 *
 * @throws {ConfigError} where credentials, region, workgroup or the place for results are wrong.
 * @throws {SourceError} where Athena is busy, fails, or cannot be reached.
 * @throws {SqlError} where a statement is wrong, would write where only reading is allowed, or scans too much.
 */
export class AthenaEngine implements SqlEngine, Disposable {
  readonly settings: AthenaSettings;
  readonly #requests: AthenaRequests;
  readonly #effects: Pick<Effects, "sleep" | "random">;
  #scanned = 0;

  constructor(settings: AthenaSettings, effects: Pick<Effects, "sleep" | "random">) {
    this.settings = settings;
    this.#effects = effects;
    this.#requests = new AthenaRequests(settings, effects);
  }

  /** What all queries of this engine have scanned. */
  get bytes_scanned(): number {
    return this.#scanned;
  }

  /** Runs one reading statement. Names of the lake's tables and views need no database in front. */
  async query(sql: string, options: AthenaOptions = {}): Promise<AthenaResult> {
    if (!isReading(sql)) throw notReading(sql);
    const resolved = await resolveNames(sql);
    const execution = await this.#execute(sql, resolved, { ...options, reads: true });
    return { ...await this.#rows(sql, execution), summary: this.#summary(execution) };
  }

  /** Runs one statement of any kind as it stands, for its effect: a definition, a view, an INSERT. */
  async run(sql: string, options: AthenaOptions = {}): Promise<AthenaSummary> {
    const asItStands = { sql, toOriginal: (line: number, column: number) => ({ line, column }) };
    return this.#summary(await this.#execute(sql, asItStands, { ...options, reads: false }));
  }

  /**
   * Runs one `INSERT` to its end, and tells how it ended, also where it failed: what a failed one has written stays, and
   * somebody has to see to that. It goes on at Athena's where this process ends, so send it again with its token, or
   * give the `query_id` that `onStart` was told: either finds the same query.
   */
  async write(
    sql: string,
    { token, query_id, onStart = async () => {} }: {
      token: string;
      query_id?: string | undefined;
      onStart?: (query_id: string) => Promise<void>;
    },
  ): Promise<AthenaWrite> {
    const id = query_id ?? await this.#start(sql, sql, { token, reads: false });
    if (query_id === undefined) await onStart(id);
    const execution = await this.#wait(sql, id, undefined).catch(async (error) => {
      // Over the budget.
      if (error instanceof SqlError && !isUnknownQuery(error)) {
        await this.#requests.stop(sql, id).catch(() => {});
      }
      throw error;
    });
    this.#scanned += scannedBytes(execution);
    const failed = failureOf(id, execution);
    return {
      ...this.#summary(execution),
      failure: failed && explainFailure(sql, failed),
      rows: failed ? 0 : (await this.#requests.page(sql, id, undefined)).UpdateCount ?? 0,
      manifest: execution.Statistics?.DataManifestLocation ?? null,
    };
  }

  async #execute(
    original: string,
    { sql, toOriginal }: { sql: string; toOriginal: ToOriginal },
    { signal, token = crypto.randomUUID(), reads }: AthenaOptions & { reads: boolean },
  ): Promise<QueryExecution> {
    signal?.throwIfAborted();
    const query_id = await this.#start(original, sql, { token, reads });
    let ended = false;
    try {
      const execution = await this.#wait(original, query_id, signal);
      ended = true;
      this.#scanned += scannedBytes(execution);
      const failed = failureOf(query_id, execution);
      if (failed) throw explainFailure(original, failed, toOriginal);
      if (reads && this.#scanned > this.settings.byte_budget) {
        throw this.#overBudget(original, this.#scanned, execution);
      }
      return execution;
    } catch (error) {
      // A query that nobody waits for would go on, and cost.
      if (!ended) await this.#requests.stop(original, query_id).catch(() => {});
      if (signal?.aborted && error === signal.reason) {
        throw new LakebookError(
          `Cannot finish query ${query_id}: interrupted, Athena was told to cancel it`,
          {
            cause: error,
          },
        );
      }
      throw error;
    }
  }

  /** Starts a statement within the budget; gives its id. */
  async #start(
    original: string,
    sql: string,
    { token, reads }: { token: string; reads: boolean },
  ): Promise<string> {
    if (token.length < 32 || token.length > 128) {
      throw new RangeError(`Cannot use token "${token}": it has ${token.length} characters, give 32 to 128`);
    }
    const size = new TextEncoder().encode(sql).length;
    if (size > STATEMENT_BYTES) {
      throw new SqlError(
        `Cannot run "${
          original.slice(0, 60)
        }": it has ${size} bytes, Athena takes ${STATEMENT_BYTES} at most`,
      );
    }
    this.#checkBudget(original);
    return await this.#requests.start(sql, { token, reuse: reads });
  }

  /** Looks at a query until it has ended. */
  async #wait(sql: string, query_id: string, signal: AbortSignal | undefined): Promise<QueryExecution> {
    for (let wait = FIRST_WAIT_MS;; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
      const execution = await this.#requests.look(sql, query_id);
      const state = execution.Status?.State;
      if (state === "SUCCEEDED" || state === "FAILED" || state === "CANCELLED") return execution;
      const scanned = this.#scanned + scannedBytes(execution);
      if (scanned > this.settings.byte_budget) {
        this.#scanned = scanned;
        throw this.#overBudget(sql, scanned, execution);
      }
      signal?.throwIfAborted();
      await this.#effects.sleep(wait, signal);
    }
  }

  /** All rows of a result, page by page; the first row of a query's first page is its header. */
  async #rows(sql: string, execution: QueryExecution): Promise<QueryResult> {
    let columns: QueryResult["columns"] = [];
    const rows: unknown[][] = [];
    let next: string | undefined;
    do {
      const page = await this.#requests.page(sql, execution.QueryExecutionId!, next);
      const first = next === undefined;
      next = page.NextToken;
      const found = (page.ResultSet?.Rows ?? []).map(({ Data = [] }) =>
        Data.map((datum) => datum.VarCharValue)
      );
      if (first) {
        columns = (page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? []).map(({ Name, Type }) => ({
          name: Name!,
          type: engineType(Type!),
        }));
        const isHeader = execution.StatementType === "DML" &&
          columns.every(({ name }, i) => found[0]?.[i] === name);
        if (isHeader) found.shift();
      }
      // One by one: a page is short, but arguments of a call are on the stack.
      for (const texts of found) rows.push(columns.map(({ type }, i) => readValue(texts[i], type)));
    } while (next !== undefined);
    return { columns, rows };
  }

  #summary(execution: QueryExecution): AthenaSummary {
    const { Statistics = {}, StatementType, QueryExecutionId, ResultConfiguration } = execution;
    const bytes_scanned = scannedBytes(execution);
    const reused = Statistics.ResultReuseInformation?.ReusedPreviousResult ?? false;
    const bytes_billed = reused || StatementType !== "DML" ? 0 : billedBytes(bytes_scanned);
    return {
      query_id: QueryExecutionId!,
      bytes_scanned,
      bytes_billed,
      usd: bytes_billed * this.settings.usd_per_tb / 1e12,
      reused,
      duration_ms: Statistics.TotalExecutionTimeInMillis ?? 0,
      output: ResultConfiguration?.OutputLocation ?? null,
    };
  }

  #checkBudget(sql: string): void {
    if (this.#scanned >= this.settings.byte_budget) throw this.#overBudget(sql, this.#scanned);
  }

  #overBudget(sql: string, scanned: number, execution?: QueryExecution): SqlError {
    const ended = execution?.Status?.State === "SUCCEEDED";
    const state = `${megabytes(scanned)} were scanned of a budget of ${megabytes(this.settings.byte_budget)}`;
    const answer = ended
      ? `; the answer is paid for and lies at ${execution.ResultConfiguration?.OutputLocation ?? "Athena"}`
      : execution
      ? "; Athena was told to cancel it"
      : "";
    return new SqlError(
      `Cannot run "${sql.trim().slice(0, 60)}": ${state}${answer}, ` +
        `ask for fewer partitions or columns, or raise LAKEBOOK_ATHENA_BYTE_BUDGET` +
        `${execution ? `\nAthena query ${execution.QueryExecutionId}` : ""}`,
    );
  }

  [Symbol.dispose](): void {
    this.#requests.close();
  }
}

function scannedBytes({ Statistics }: QueryExecution): number {
  return Statistics?.DataScannedInBytes ?? 0;
}

function failureOf(query_id: string, { Status }: QueryExecution): FailedQuery | null {
  const { State, StateChangeReason, AthenaError } = Status ?? {};
  if (State !== "FAILED" && State !== "CANCELLED") return null;
  return {
    query_id,
    state: State,
    reason: StateChangeReason ?? AthenaError?.ErrorMessage ?? "no reason given",
    category: AthenaError?.ErrorCategory,
    retryable: AthenaError?.Retryable,
  };
}
