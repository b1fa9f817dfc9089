import { assert, assertEquals, assertThrows } from "@std/assert";
import { type AthenaPlace, createTable, updateTable } from "./athena_ddl.ts";
import { UsageError } from "./errors.ts";
import { BTCUSD_RAW, OHLCV_DAILY, type TableDefinition, TABLES } from "./tables.ts";

const GOLDEN = new URL("./testdata/athena_ddl/", import.meta.url);
const PLACE: AthenaPlace = { lake: "s3://some-bucket/lake", values: { symbol: ["BTCUSD", "ETHUSD"] } };

Deno.test("createTable() gives exactly the statements of testdata/athena_ddl, one a table", async () => {
  const golden: Record<string, string> = {};
  for await (const { name } of Deno.readDir(GOLDEN)) {
    golden[name] = await Deno.readTextFile(new URL(name, GOLDEN));
  }
  const rendered = TABLES.map((table) => [
    `${table.database}.${table.name}.sql`,
    `${createTable(table, PLACE)}\n`,
  ]);
  assertEquals(golden, Object.fromEntries(rendered));
});

Deno.test("createTable() has every setting that a projection needs, and a template with every partition", () => {
  for (const table of TABLES as readonly TableDefinition[]) {
    const sql = createTable(table, PLACE);
    for (const column of Object.keys(table.partitions)) {
      assert(sql.includes(`'projection.${column}.type' = `), `${table.name}.${column}`);
    }
    const folders = Object.keys(table.partitions).map((column) => `${column}=\${${column}}/`).join("");
    assert(
      sql.includes(`'storage.location.template' = 's3://some-bucket/lake/${table.prefix}${folders}'`),
      table.name,
    );
  }
});

Deno.test("createTable() looks for a lake's own symbols, and for the table's words in any case", () => {
  const sql = createTable(BTCUSD_RAW, { lake: "s3://some-bucket", values: { source: ["okx", "csv"] } });
  assert(
    sql.includes(`'projection.source.values' = 'binance,bitstamp,coinbase,csv,demo,kraken,okx'`),
    sql,
  );
  assert(sql.includes(`'projection.symbol.values' = 'BTCUSD'`), sql);
});

Deno.test("updateTable() gives a table the same projection as createTable()", () => {
  const settings = (sql: string) =>
    [...sql.matchAll(/'((?:projection|storage)\.[^']+)' = '([^']*)'/g)]
      .map(([, key, value]) => [key, value]);
  for (const table of TABLES) {
    const update = updateTable(table, PLACE);
    assert(update.startsWith(`ALTER TABLE ${table.database}.${table.name} SET TBLPROPERTIES (`), update);
    assertEquals(settings(update), settings(createTable(table, PLACE)));
  }
});

Deno.test("createTable() takes no place and no value that could end a literal", () => {
  const places = [
    "data/lake",
    "s3://b",
    "s3://bucket/it's",
    "s3://bucket/a'; DROP TABLE x; --",
    "s3://bucket/${year}",
    "s3://bucket/a//b",
    "s3://bucket/a\nb",
    "s3://BUCKET/a",
  ];
  for (const lake of places) {
    assertThrows(() => createTable(OHLCV_DAILY, { lake }), UsageError, "Cannot make tables over lake");
  }
  for (const word of ["", "A,B", "A'B", "A B", "A\\", "Ä", "A/B", "${x}"]) {
    assertThrows(
      () => createTable(OHLCV_DAILY, { lake: "s3://bucket", values: { symbol: [word] } }),
      UsageError,
      `Cannot make a table with partition "${word}"`,
    );
  }
  assertEquals(
    createTable(OHLCV_DAILY, { lake: "s3://bucket/a/b/" }),
    createTable(OHLCV_DAILY, { lake: "s3://bucket/a/b" }),
  );
});
