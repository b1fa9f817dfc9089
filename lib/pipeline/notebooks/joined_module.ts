/** The code cells of a notebook as one TypeScript module that remembers where each line came from. */

import type { PlacedCodeCell } from "./notebook.ts";

/** A line of a notebook: its cell among all cells and its line in that cell, both from 1. */
export interface CellLine {
  cell: number;
  line: number;
}

/** A module made of cells. */
export interface JoinedModule {
  text: string;
  /** For each line of `text` the line of the notebook; null for lines that joining added. */
  origins: (CellLine | null)[];
}

/** A static import with everything up to its module name, at the start of a line. */
const IMPORT = /^import\b(?!\s*[.(])[^;"']*["'][^"'\n]*["'](?:\s*with\s*\{[^}]*\})?[ \t]*;?/gm;

/**
 * Joins cells. Imports move to the top, as a kernel allows them in any cell; a lone `;` keeps the end of a
 * cell apart from the next. From each cell of `scopes` on, the rest is a block of its own, in which names may
 * be declared again: so a module can say what a kernel allows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const code = (source: string) =>
 *   ({ cell_type: "code" as const, metadata: {}, outputs: [], execution_count: null, source });
 * const { text } = joinCells([{ cell: 1, code: code("const a = 1") }, { cell: 4, code: code("(a)") }]);
 * assertEquals(text, "const a = 1\n;\n(a)\n;\nexport {};\n");
 * ```
 */
export function joinCells(
  cells: readonly PlacedCodeCell[],
  { scopes = new Set() }: { scopes?: ReadonlySet<number> } = {},
): JoinedModule {
  const head: [string, CellLine | null][] = [], body: [string, CellLine | null][] = [];
  for (const { cell, code: { source } } of cells) {
    if (scopes.has(cell)) body.push(["{", null]);
    const rest = source.replace(IMPORT, (statement, at: number) => {
      const first = source.slice(0, at).split("\n").length;
      for (const [offset, text] of statement.split("\n").entries()) {
        head.push([text, { cell, line: first + offset }]);
      }
      return statement.replace(/[^\n]/g, "");
    });
    for (const [at, text] of rest.split("\n").entries()) body.push([text, { cell, line: at + 1 }]);
    body.push([";", null]);
  }
  body.push(["}".repeat(scopes.size), null], ["export {};", null]);
  const lines = [...head, ...body].filter(([text, origin]) => origin !== null || text !== "");
  return { text: `${lines.map(([text]) => text).join("\n")}\n`, origins: lines.map(([, origin]) => origin) };
}
