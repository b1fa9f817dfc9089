/**
 * Records what Trino, the engine behind Athena, answers to the questions of `notebooks/02_one_sql_two_engines.ipynb` on
 * the lake that the notebook makes, in `lib/pipeline/testdata/trino_answers.json`.
 *
 * It wants a server as `trino.ts` says. Run it with `deno run --allow-read --allow-write --allow-env --allow-ffi
 * --allow-sys --allow-net=127.0.0.1 lib/_tools/record_trino.ts --server http://127.0.0.1:8080 --catalog hive`. It drops
 * and makes tables and views of the schemas `crypto_analytics` and `crypto_gold` of that catalog.
 */
import { parseArgs } from "node:util";
import { LakeError } from "../core/errors.ts";
import { ANALYTICS_PRICES, PROCESSED_PRICES, PROCESSED_PRICES_RAW } from "../core/tables.ts";
import { HOUR_MS } from "../core/time.ts";
import { type DemoHours, ingestDemoHours } from "../pipeline/demo_hours.ts";
import { mentionedViews } from "../warehouse/catalog.ts";
import { hourPlaces, insertHourSql } from "../warehouse/market_hours.ts";
import { resolveNames } from "../warehouse/resolve_names.ts";
import { fillTemplate } from "../warehouse/translate.ts";
import { makeTable, Trino, type TrinoAnswer } from "./trino.ts";

/** The notebook's inputs. */
const LAKE: DemoHours = { seed: 1, day: "2026-01-05", hours: 12 };

/** The notebook's questions, and one about every row of gold. */
const QUESTIONS = [
  "SELECT id, market_cap FROM v_top_100 ORDER BY position LIMIT 5",
  "SELECT avg(current_price) AS mean FROM analytics_prices WHERE hour = 3",
  "SELECT hour, count(*) AS n, sum(market_cap) AS cap, min(current_price) AS lowest, max(current_price) AS highest " +
  "FROM analytics_prices GROUP BY hour ORDER BY hour",
];

/** What the file holds. */
interface Recording {
  answered_by: string;
  asked_at: string;
  recorded_with: string;
  /** What Trino was told otherwise than Athena. */
  differs: string[];
  lake: DemoHours;
  /** Rows that `insert_last_hour.sql` inserted for all of the lake's hours, and once more. */
  inserted: [first: number, again: number];
  /** Statements as a reader writes them, with columns, types and rows as Trino gave them. */
  answers: ({ statement: string } & TrinoAnswer)[];
}

async function record(trino: Trino, folder: string): Promise<Recording> {
  await ingestDemoHours(folder, LAKE);
  // Trino, under another user, reads and writes here.
  await Deno.chmod(folder, 0o777);
  for (const table of [PROCESSED_PRICES, PROCESSED_PRICES_RAW]) {
    await makeTable(trino, table, `${folder}/${table.prefix.slice(0, -1)}`);
  }
  // Hours that DuckDB has made are not Trino's to read: it makes its own.
  const gold = `${folder}/trino_gold`;
  await makeTable(trino, ANALYTICS_PRICES, gold);
  await Deno.chmod(gold, 0o777);

  const first_ms = Date.parse(LAKE.day);
  const places = hourPlaces(first_ms, first_ms + (LAKE.hours - 1) * HOUR_MS);
  const insert = fillTemplate(await insertHourSql(), places);
  const count = async () => Number((await trino.run(insert))[0]![0]);
  const inserted: [number, number] = [await count(), await count()];

  const answers: Recording["answers"] = [];
  for (const statement of QUESTIONS) {
    for (const { sql } of await mentionedViews(statement)) {
      await trino.run(sql.replaceAll("current_date", `DATE '${LAKE.day}'`));
    }
    const { sql, unknown } = await resolveNames(statement);
    if (unknown.length > 0) throw new LakeError(`Cannot ask "${statement}": ${unknown} is not of the lake`);
    answers.push({ statement, ...await trino.ask(sql) });
  }
  return {
    answered_by: await trino.version(),
    asked_at: new Date().toISOString().slice(0, 10),
    recorded_with: "lib/_tools/record_trino.ts",
    differs: [
      "tables: Hive's on the lake's folders, with Trino's words, in place of Athena's DDL",
      `v_latest_partition: current_date is DATE '${LAKE.day}', because the lake is of that day`,
    ],
    lake: LAKE,
    inserted,
    answers,
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      server: { type: "string", default: "http://127.0.0.1:8080" },
      catalog: { type: "string", default: "hive" },
    },
  });
  const trino = new Trino(values.server, values.catalog);
  for (const schema of ["crypto_analytics", "crypto_gold"]) {
    await trino.run(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  }
  const folder = await Deno.makeTempDir({ prefix: "lakebook_trino_" });
  try {
    const path = new URL("../pipeline/testdata/trino_answers.json", import.meta.url);
    await Deno.writeTextFile(path, `${JSON.stringify(await record(trino, folder), null, 2)}\n`);
    console.log(`${path.pathname} is written; look at what changed`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
