import { assertEquals } from "@std/assert";
import { joinCells } from "./joined_module.ts";

const cells = (...sources: string[]) =>
  sources.map((source, index) => ({
    cell: index + 1,
    code: { cell_type: "code" as const, metadata: {}, outputs: [], execution_count: null, source },
  }));

Deno.test("joinCells() moves imports of several lines to the top and remembers their lines", () => {
  const { text, origins } = joinCells(cells("1;", 'const a = 1;\nimport {\n  b,\n} from "./b.ts";\na + b;'));
  const lines = text.split("\n");
  assertEquals(lines.slice(0, 3), ["import {", "  b,", '} from "./b.ts";']);
  assertEquals(origins.slice(0, 3), [2, 3, 4].map((line) => ({ cell: 2, line })));
  assertEquals(origins[lines.indexOf("a + b;")], { cell: 2, line: 5 });
});

Deno.test("joinCells() leaves dynamic imports and import.meta in place", () => {
  const source = 'import("./b.ts");\nimport.meta.url;';
  assertEquals(joinCells(cells(source)).text, `${source}\n;\nexport {};\n`);
});

Deno.test("joinCells() nests what follows a scope", () => {
  const { text } = joinCells(cells("const a = 1", "const a = 2"), { scopes: new Set([2]) });
  assertEquals(text, "const a = 1\n;\n{\nconst a = 2\n;\n}\nexport {};\n");
});
