import { assert, assertEquals } from "@std/assert";
import { formatPages, formatRows, type RowFormat } from "./format_rows.ts";

const COLUMNS = [
  { name: "name", type: "VARCHAR" },
  { name: "at", type: "TIMESTAMP" },
  { name: "n", type: "BIGINT" },
];
const ROWS = [
  ['a "b", c', new Date(0), 2n ** 60n],
  ["line\nfeed", null, -1n],
  ["日本𝒳", new Date(86_400_000), null],
];

Deno.test("formatRows() prints awkward values in each format", () => {
  const result = { columns: COLUMNS, rows: ROWS };
  assertEquals(JSON.parse(formatRows(result, "json")), [
    { name: 'a "b", c', at: "1970-01-01T00:00:00.000Z", n: "1152921504606846976" },
    { name: "line\nfeed", at: null, n: -1 },
    { name: "日本𝒳", at: "1970-01-02T00:00:00.000Z", n: null },
  ]);
  assertEquals(
    formatRows(result, "csv"),
    'name,at,n\n"a ""b"", c",1970-01-01T00:00:00.000Z,1152921504606846976\n"line\nfeed",,-1\n' +
      "日本𝒳,1970-01-02T00:00:00.000Z,\n",
  );
  assertEquals(formatRows(result, "table").split("\n"), [
    "name       at                                          n",
    "─────────  ────────────────────────  ───────────────────",
    'a "b", c   1970-01-01T00:00:00.000Z  1152921504606846976',
    "line·feed  –                                          -1",
    "日本𝒳        1970-01-02T00:00:00.000Z                    –",
    "3 rows",
    "",
  ]);
});

Deno.test("formatPages() gives the same text however the rows are cut, also without rows", () => {
  const pagings = [[ROWS], ROWS.map((row) => [row]), [[], ROWS.slice(0, 1), [], ROWS.slice(1), []]];
  for (const format of ["table", "json", "csv"] as const) {
    const texts = pagings.map((pages) => [...formatPages({ columns: COLUMNS, pages }, format)].join(""));
    assertEquals(new Set(texts).size, 1, format);
    for (const pages of [[], [[]]]) {
      const text = [...formatPages({ columns: COLUMNS, pages }, format)].join("");
      assertEquals(text, formatRows({ columns: COLUMNS, rows: [] }, format));
    }
  }
  assertEquals(formatRows({ columns: COLUMNS, rows: [] }, "json"), "[]\n");
});

Deno.test("formatRows() cuts long values in a table, says so, and keeps them whole in JSON and CSV", () => {
  const long = "𝒳".repeat(40_000), fits = "y".repeat(120);
  const result = { columns: [{ name: "detail", type: "VARCHAR" }], rows: [[long], [fits]] };
  assertEquals(formatRows(result, "table").split("\n"), [
    `detail`,
    "─".repeat(120),
    `${"𝒳".repeat(119)}…`,
    fits,
    "2 rows; 1 longer value is cut, --format json has all of it",
    "",
  ]);
  assertEquals(JSON.parse(formatRows(result, "json"))[0].detail, long);
  assertEquals(formatRows(result, "csv"), `detail\n${long}\n${fits}\n`);
});

Deno.test("formatRows() keeps the last of two columns with one name in JSON, as an object does", () => {
  const columns = [{ name: "x", type: "INTEGER" }, { name: "x", type: "INTEGER" }];
  assertEquals(formatRows({ columns, rows: [[1, 2]] }, "json"), '[{"x":2}]\n');
});

Deno.test("formatPages() takes hundreds of thousands of rows, and asks for a page when it has printed the one before", () => {
  const count = 300_000;
  for (const format of ["table", "json", "csv"] satisfies RowFormat[]) {
    const asked = { pages: 0 };
    const pages = (function* () {
      for (; asked.pages < count / 1000; asked.pages++) {
        yield Array.from({ length: 1000 }, (_, i) => [i, "x"]);
      }
    })();
    const columns = [{ name: "i", type: "INTEGER" }, { name: "x", type: "VARCHAR" }];
    let lines = 0, early = false;
    for (const piece of formatPages({ columns, pages }, format)) {
      if (asked.pages < 3) early = true;
      lines += piece.split(format === "json" ? "}" : "\n").length - 1;
    }
    assertEquals(lines, count + { table: 3, json: 0, csv: 1 }[format]);
    assert(early || format === "table");
  }
});
