/** Notebook files, nbformat 4: https://nbformat.readthedocs.io/en/latest/format_description.html */

import { z } from "zod";
import { SourceError } from "../../core/errors.ts";
import type { Output } from "./outputs.ts";

const TEXT = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(""))]);
const METADATA = z.record(z.string(), z.unknown());
const PROSE_CELL = z.looseObject({
  cell_type: z.enum(["markdown", "raw"]),
  metadata: METADATA,
  source: TEXT,
});
const CODE_CELL = z.looseObject({
  cell_type: z.literal("code"),
  metadata: METADATA,
  source: TEXT,
  execution_count: z.number().int().nullable(),
  outputs: z.array(z.looseObject({ output_type: z.string() })),
});
const VERSION = z.looseObject({ nbformat: z.number() });
const NOTEBOOK = z.looseObject({
  nbformat: z.literal(4),
  nbformat_minor: z.number().int(),
  metadata: METADATA,
  cells: z.array(z.discriminatedUnion("cell_type", [PROSE_CELL, CODE_CELL])),
});

/** A notebook. Fields that Lakebook does not know are kept as they are. */
export type Notebook = z.infer<typeof NOTEBOOK>;
/** A code cell; `source` is one text. */
export type CodeCell = z.infer<typeof CODE_CELL>;

/** A code cell with its place: `cell` counts all cells of the notebook from 1, as a reader does. */
export interface PlacedCodeCell {
  cell: number;
  code: CodeCell;
}

/**
 * Parses and validates the text of a notebook.
 *
 * @throws {SourceError} for broken JSON, another nbformat and missing fields
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { SourceError } from "../../core/errors.ts";
 * const text = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}';
 * assertEquals(parseNotebook(text, "a.ipynb").cells, []);
 * assertThrows(() => parseNotebook("{}", "a.ipynb"), SourceError, "nbformat");
 * ```
 */
export function parseNotebook(text: string, path: string): Notebook {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SourceError(
      `Cannot read "${path}": it is not JSON, restore it from git or save it again in an editor`,
      { cause },
    );
  }
  const version = VERSION.safeParse(json);
  if (!version.success || version.data.nbformat !== 4) {
    const found = version.success ? version.data.nbformat : "missing";
    throw new SourceError(
      `Cannot read "${path}": nbformat is ${found} but must be 4, convert it with "jupyter nbconvert"`,
    );
  }
  const notebook = NOTEBOOK.safeParse(json);
  if (notebook.success) return notebook.data;
  const issue = notebook.error.issues[0];
  const place = issue?.path.join(".") || "the top level";
  throw new SourceError(
    `Cannot read "${path}": ${place}: ${issue?.message ?? "invalid"}, repair that field`,
    { cause: notebook.error },
  );
}

/**
 * Reads a notebook file.
 *
 * @throws {SourceError} when the file is missing or is no notebook of nbformat 4
 */
export async function readNotebook(path: string): Promise<Notebook> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new SourceError(`Cannot read "${path}": ${(cause as Error).message}, check the path`, { cause });
  }
  return parseNotebook(text, path);
}

/**
 * The notebook as Jupyter writes it: keys sorted, one space of indent, texts as lists of lines, a newline at
 * the end. The same notebook gives the same bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const empty = { cells: [], metadata: {}, nbformat: 4 as const, nbformat_minor: 5 };
 * assertEquals(
 *   serialiseNotebook(empty),
 *   '{\n "cells": [],\n "metadata": {},\n "nbformat": 4,\n "nbformat_minor": 5\n}\n',
 * );
 * ```
 */
export function serialiseNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: splitLines(cell.source),
    ...(cell.cell_type === "code" && { outputs: cell.outputs.map(splitOutput) }),
  }));
  return `${JSON.stringify(sortKeys({ ...notebook, cells }), null, 1)}\n`;
}

/** The code cells in order, with their places. */
export function codeCells(notebook: Notebook): PlacedCodeCell[] {
  return notebook.cells.flatMap((cell, index) =>
    cell.cell_type === "code" ? [{ cell: index + 1, code: cell }] : []
  );
}

/** Whether a cell carries a tag. */
export function hasTag(cell: CodeCell, tag: string): boolean {
  const tags = cell.metadata["tags"];
  return Array.isArray(tags) && tags.includes(tag);
}

/**
 * The notebook without outputs and execution counts. A cell with the tag `keep_output` keeps its outputs: for
 * the picture that teaches a reader on a code host.
 */
export function stripOutputs(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) => {
    if (cell.cell_type !== "code") return cell;
    const kept = hasTag(cell, "keep_output") ? cell.outputs : [];
    const outputs = kept.map((output) =>
      "execution_count" in output ? { ...output, execution_count: null } : output
    );
    return { ...cell, execution_count: null, outputs };
  });
  return { ...notebook, cells };
}

/** The notebook with the outputs of a run: one entry a code cell, in order; cells beyond it become empty. */
export function withOutputs(
  notebook: Notebook,
  runs: readonly { execution_count: number | null; outputs: readonly Output[] }[],
): Notebook {
  let next = 0;
  const cells = notebook.cells.map((cell) => {
    if (cell.cell_type !== "code") return cell;
    const { execution_count = null, outputs = [] } = runs[next++] ?? {};
    return { ...cell, execution_count, outputs: [...outputs] };
  });
  return { ...notebook, cells };
}

/** Text MIME types, which Jupyter writes as lists of lines. */
const LINE_MIMES = /^(text\/.*|application\/javascript|image\/svg\+xml)$/;

function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function splitOutput(output: Record<string, unknown>): Record<string, unknown> {
  const text = output["text"], data = output["data"];
  if (typeof text === "string") return { ...output, text: splitLines(text) };
  if (typeof data !== "object" || data === null) return output;
  const split = Object.entries(data).map(([mime, content]) =>
    [mime, typeof content === "string" && LINE_MIMES.test(mime) ? splitLines(content) : content] as const
  );
  return { ...output, data: Object.fromEntries(split) };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, sortKeys(inner)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}
