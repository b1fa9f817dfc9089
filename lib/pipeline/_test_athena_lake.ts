/**
 * For tests: an Athena over a lake in S3 that carries its INSERTs out. Statements run on DuckDB; what they add becomes
 * objects with names as Athena gives them, and a list of them beside the results.
 */
import { type StoredObject, TestS3 } from "../lake/_test_s3_server.ts";
import { createTable } from "../core/athena_ddl.ts";
import { ANALYTICS_PRICES, PROCESSED_PRICES_RAW, TABLES } from "../core/tables.ts";
import { type TestAnswer, TestAthena } from "../warehouse/_test_athena_server.ts";
import { readObjectsSql, tableColumns } from "../warehouse/catalog.ts";
import { type DuckDb, openDuckDb, quote } from "../warehouse/engine_duckdb.ts";
import { partitionKey } from "../warehouse/materialize.ts";
import { translate } from "../warehouse/translate.ts";
import { Workplace } from "./_test_cli.ts";

const DAY = "2026-01-04";
const LAKE = "s3://bucket/lakes/one";
const GOLD = "crypto_gold.analytics_prices";

/** A lake whose clock is set by hand, with the services around it. */
export class AthenaLake implements AsyncDisposable {
  readonly s3: TestS3;
  readonly athena: TestAthena;
  readonly work: Workplace;
  readonly url = LAKE;
  readonly objects: Map<string, StoredObject>;
  /** Bytes that an INSERT has scanned from one look to the next. */
  scanned = [0, 0, 1_500_000];
  /** Where Athena's tables lie. */
  tables = LAKE;
  /** What becomes of the next INSERT, after it has written its first object. */
  fails: TestAnswer | null = null;
  #now = "";

  private constructor(s3: TestS3, athena: TestAthena, work: Workplace) {
    this.s3 = s3;
    this.athena = athena;
    this.work = work;
    this.objects = s3.bucket("bucket");
    s3.bucket("results");
    athena.carryOut = (sql, id) => this.#carryOut(sql, id);
    work.fetch = () => Promise.resolve(new Response(this.#page()));
  }

  static async make(): Promise<AthenaLake> {
    return new AthenaLake(await TestS3.start(), await TestAthena.start(), await Workplace.make());
  }

  get env(): Record<string, string> {
    return {
      ...this.athena.env,
      AWS_ENDPOINT_URL_S3: this.s3.url,
      LAKEBOOK_S3_SCRATCH: `${this.work.folder}/scratch`,
    };
  }

  /** Takes in the snapshot of a time of the day, `09:05`, or of another day: `2026-01-05T09:05`. */
  async ingest(...times: string[]): Promise<void> {
    for (const time of times) {
      this.#now = instant(time);
      const { code, stderr } = await this.work.run(["ingest", "--lake", LAKE, "--now", this.#now], this.env);
      if (code !== 0) throw new Error(stderr);
    }
  }

  /** `process` and `materialize`, as if it were some time of the day. */
  async materialize(time: string, { engine = "athena", flags = [], env = {} }: {
    engine?: string;
    flags?: string[];
    env?: Record<string, string>;
  } = {}) {
    const args = ["--source", "coingecko", "--only", "process,materialize", "--now", instant(time), ...flags];
    const result = await this.work.run(
      ["pipeline", "--lake", LAKE, "--engine", engine, "--json", ...args],
      { ...this.env, ...env },
    );
    const summary = result.stdout === "" ? null : JSON.parse(result.stdout);
    return { ...result, step: summary?.steps[1] };
  }

  async doctor(...flags: string[]) {
    const args = ["doctor", "--json", "--lake", LAKE, "--now", instant("12:00"), ...flags];
    const { code, stdout } = await this.work.run(args, this.env);
    return {
      code,
      findings: JSON.parse(stdout).findings as Record<"check" | "status" | "detail" | "fix", string>[],
    };
  }

  /** Rows of gold as DuckDB reads them from the bucket: `9:05 bitcoin 5`. */
  async gold(): Promise<string[]> {
    const sql = `SELECT "timestamp", id, current_price, hour FROM analytics_prices ORDER BY "timestamp", id`;
    const { code, stdout, stderr } = await this.work.run(
      ["query", sql, "--lake", LAKE, "--format", "json"],
      this.env,
    );
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout).map(({ timestamp, id, current_price, hour }: Record<string, number>) =>
      `${hour}:${String(new Date(timestamp! * 1000).getUTCMinutes()).padStart(2, "0")} ${id} ${current_price}`
    );
  }

  /** Keys of gold, without their prefix. */
  get goldKeys(): string[] {
    return [...this.objects.keys()].map((key) => key.replace(/^lakes\/one\//, ""))
      .filter((key) => key.startsWith(ANALYTICS_PRICES.prefix)).sort();
  }

  get inserts(): string[] {
    return this.athena.statements.filter((sql) => /^INSERT/m.test(sql));
  }

  /** Two coins whose price is the minute of the hour. */
  #page(): string {
    const price = new Date(this.#now).getUTCMinutes();
    return JSON.stringify(["bitcoin", "ethereum"].map((id) => (
      { id, symbol: id, name: id, current_price: price, market_cap: 5, last_updated: this.#now }
    )));
  }

  async #carryOut(sql: string, id: string): Promise<TestAnswer> {
    const shown = /^SHOW CREATE TABLE (\w+)\.(\w+)/.exec(sql);
    if (shown) {
      const table = TABLES.find(({ name }) => name === shown[2])!;
      const rows = createTable(table, { lake: this.tables }).split("\n").map((line) => [line]);
      return { kind: "DDL", columns: [["createtab_stmt", "string"]], rows };
    }
    if (!/^INSERT/m.test(sql)) throw new Error(`the test's Athena cannot run ${sql}`);
    const folder = await Deno.makeTempDir({ dir: this.work.folder });
    using engine = await openDuckDb();
    await this.#load(engine, folder);
    const count = async () => Number((await engine.read(`SELECT count(*) FROM ${GOLD}`)).rows[0]![0]);
    const before = await count();
    await engine.run(await translate(sql));
    const hours = await engine.read(
      `SELECT year, month, day, hour FROM ${GOLD} WHERE rowid >= ${before} GROUP BY ALL ORDER BY ALL`,
    );
    const manifest: string[] = [];
    for (const [year, month, day, hour] of hours.rows as number[][]) {
      const values = { year: year!, month: month!, day: day!, hour: hour! };
      const key = partitionKey(ANALYTICS_PRICES, values).replace("part-0.parquet", `${id}_ab12`);
      manifest.push(`${LAKE}/${key}\n`);
      if (this.fails && manifest.length > 1) continue;
      const columns = Object.keys(ANALYTICS_PRICES.columns).map((name) => `"${name}"`);
      await engine.run(
        `COPY (SELECT ${columns} FROM ${GOLD} WHERE rowid >= ${before} AND day = ${day} AND hour = ${hour})
          TO ${quote(`${folder}/new`)} (FORMAT parquet, COMPRESSION gzip)`,
      );
      this.#put("bucket", `lakes/one/${key}`, await Deno.readFile(`${folder}/new`));
    }
    const name = `here/${id}-manifest.csv`;
    if (manifest.length > 0) this.#put("results", name, new TextEncoder().encode(manifest.join("")));
    const answer = {
      updated: await count() - before,
      scanned: this.scanned,
      manifest: `s3://results/${name}`,
    };
    const fails = this.fails;
    this.fails = null;
    return { ...answer, ...fails ?? {} };
  }

  /** The lake's tables, as they are in the bucket now. */
  async #load(engine: DuckDb, folder: string): Promise<void> {
    for (const { prefix } of [PROCESSED_PRICES_RAW, ANALYTICS_PRICES]) {
      for (const [key, { bytes }] of this.objects) {
        if (!key.startsWith(`lakes/one/${prefix}`)) continue;
        const path = `${folder}/${key}`;
        await Deno.mkdir(path.replace(/[^/]+$/, ""), { recursive: true });
        await Deno.writeFile(path, bytes);
      }
    }
    const files = (prefix: string) => quote(`${folder}/lakes/one/${prefix}**/*`);
    const raw = readObjectsSql(PROCESSED_PRICES_RAW, files(PROCESSED_PRICES_RAW.prefix));
    await engine.run(`CREATE VIEW crypto_analytics.processed_prices_raw AS ${raw}`);
    await engine.run(`CREATE TABLE ${GOLD} (${tableColumns(ANALYTICS_PRICES)})`);
    if (this.goldKeys.length === 0) return;
    await engine.run(
      `INSERT INTO ${GOLD} ${readObjectsSql(ANALYTICS_PRICES, files(ANALYTICS_PRICES.prefix))}`,
    );
  }

  #put(bucket: string, key: string, bytes: Uint8Array): void {
    const etag = `"${crypto.randomUUID()}"`;
    this.s3.buckets.get(bucket)!.set(key, { bytes, etag, modified: Date.now(), metadata: {} });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.athena[Symbol.asyncDispose]();
    await this.s3[Symbol.asyncDispose]();
    await this.work[Symbol.asyncDispose]();
  }
}

function instant(time: string): string {
  return `${time.includes("T") ? time : `${DAY}T${time}`}:30Z`;
}
