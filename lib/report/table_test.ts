import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Table } from "./table.ts";

Deno.test("Table shows itself in Jupyter as HTML and as text", () => {
  const table = new Table([{ a: 1 }]);
  const display = Reflect.get(table, Symbol.for("Jupyter.display")) as () => Record<string, unknown>;
  assertEquals(display.call(table), { "text/html": table.toHtml(), "text/plain": table.toString() });
});

Deno.test("Table escapes captions, column names and cells", () => {
  const html = new Table([{ "<b>": "<script>x</script>" }], { caption: "<i>" }).toHtml();
  assert(!/<(b|i|script)>/.test(html), html);
  assertStringIncludes(html, "&lt;script&gt;x&lt;/script&gt;");
});

Deno.test("Table shows numbers with two decimals, smaller ones with four, integers as they are", () => {
  const cases: [value: unknown, text: string][] = [
    [1706745600000, "1706745600000"],
    [67250.2873, "67250.29"],
    [-10.006, "-10.01"],
    [1.59491, "1.5949"],
    [0.000123456, "0.0001235"],
    [0, "0"],
    [NaN, "–"],
    [null, "–"],
    [undefined, "–"],
    [true, "true"],
    ["a\u202e\nb", "a b"],
    [{ a: [1] }, '{"a":[1]}'],
  ];
  for (const [value, text] of cases) assertEquals(new Table([{ x: value }]).toString().split("\n")[1], text);
});

Deno.test("Table fills what a row lacks and says how many rows it hides", () => {
  const table = new Table([{ a: 1 }, { b: "x" }, { a: 2 }], { caption: "three", limit: 2 });
  assertEquals(table.toString(), "three\na  b\n1  –\n–  x\n… and 1 more row");
  assertEquals(table.rows.length, 3);
});

Deno.test("Table.of() gives dates, timestamps and 64-bit integers as values of JSON", () => {
  const columns = ["DATE", "TIMESTAMP", "BIGINT", "BIGINT"].map((type, i) => ({ name: `c${i}`, type }));
  const noon = new Date("2024-02-14T12:00:00Z");
  const { rows } = Table.of({
    columns,
    rows: [[noon, noon, 7n, 9007199254740993n], [null, null, null, null]],
  });
  assertEquals(rows, [
    { c0: "2024-02-14", c1: "2024-02-14T12:00:00.000Z", c2: 7, c3: "9007199254740993" },
    { c0: null, c1: null, c2: null, c3: null },
  ]);
});

Deno.test("Table without rows is empty and still shows its caption", () => {
  assertEquals(new Table([], { caption: "nothing was refused" }).toString(), "nothing was refused");
});
