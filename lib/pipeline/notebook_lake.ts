/** A lake in a notebook: the command line as one would type it, SQL, and the completeness ledger. */
import type { GapCause } from "../core/gaps.ts";
import { LocalStore } from "../lake/store_local.ts";
import { Table } from "../report/table.ts";
import { registerStatement } from "../warehouse/catalog.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { main } from "./cli.ts";
import type { ProcessIo } from "./command_io.ts";
import { type GapsQuery, readLedgers } from "./gaps_command.ts";
import type { StreamLedger } from "./stream_ledgers.ts";

/** What the lake's commands meet instead of the world. */
export interface NotebookLakeOptions {
  /** ISO 8601; the clock stands still there. The real clock where it is left out. */
  now?: string;
  env?: ProcessIo["env"];
  /** Answers requests; without one nothing outside is asked. */
  fetch?: ProcessIo["fetch"];
}

/** What a command left behind. */
export interface CommandResult<Answer> {
  /** Exit code. */
  code: number;
  /** The JSON on stdout, as the caller says it is; null where the command gave up before it had one. */
  answer: Answer;
  /** Messages on stderr. */
  said: string;
}

/**
 * A lake in a folder. Commands run in this process, waits take no time, and nobody is asked over the network unless
 * `fetch` is given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await using lake = new NotebookLake(`${folder}/lake`, { now: "2024-01-01T00:00:00Z" });
 * await Deno.writeTextFile(`${folder}/two.csv`, [
 *   "time,open,close,high,low,volume",
 *   "1700000040000,10,11,12,9,1",
 *   "1700000100000,11,10,12,9,1",
 * ].join("\n"));
 * assertEquals((await lake.run("backfill", "--ohlcv", `${folder}/two.csv`)).code, 0);
 * assertEquals((await lake.ask("SELECT high FROM ohlcv_hourly")).rows, [{ high: 12 }]);
 * assertEquals((await lake.ledger({ interval: "1m" })).present, 2);
 * ```
 */
export class NotebookLake implements AsyncDisposable {
  /** The lake's objects. */
  readonly store: LocalStore;
  readonly #options: NotebookLakeOptions;

  constructor(folder: string, options: NotebookLakeOptions = {}) {
    this.store = new LocalStore(folder);
    this.#options = options;
  }

  /** Runs `deno task <command> <flags> --lake … --json` and gives its exit code and answer. */
  async run<Answer = unknown>(...args: string[]): Promise<CommandResult<Answer>> {
    const { now, env = {}, fetch = noNetwork } = this.#options;
    let out = "", said = "";
    const code = await main([...args, "--lake", this.store.url, "--json", ...now ? ["--now", now] : []], {
      env,
      fetch,
      sleep: () => Promise.resolve(),
      stdout: (text) => void (out += text),
      stderr: (text) => void (said += text),
      terminal: false,
    });
    return { code, answer: (out === "" ? null : JSON.parse(out)) as Answer, said };
  }

  /** Asks the tables and views in Athena's SQL. */
  async ask<Row extends object = Record<string, unknown>>(
    sql: string,
    { limit }: { limit?: number } = {},
  ): Promise<Table<Row>> {
    using engine = await openDuckDb();
    await registerStatement(engine, this.store, sql);
    return Table.of<Row>(await engine.query(sql), limit === undefined ? {} : { limit });
  }

  /** The completeness ledger of the first stream that fits. */
  async ledger(query: GapsQuery = {}): Promise<StreamLedger> {
    const { now } = this.#options;
    const [first] = await readLedgers(this.store, query, now === undefined ? new Date() : new Date(now));
    return first!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }
}

/** The longest gaps of a ledger as rows for a table, longest first. */
export function longestGaps({ gaps }: StreamLedger, count: number): {
  from: string;
  missing: number;
  cause: GapCause;
  evidence: string;
}[] {
  return gaps.longest(count).map((i) => gaps.at(i)).map(({ from_ms, missing, cause, evidence }) => (
    { from: new Date(from_ms).toISOString().slice(0, 16), missing, cause, evidence }
  ));
}

function noNetwork(): Promise<Response> {
  return Promise.reject(new TypeError("this lake has no network"));
}
