/** Runs the code cells of a notebook on the real Deno kernel and says where it failed. */

import { dirname } from "node:path";
import { Kernel, KernelDiedError, KernelTimeoutError } from "./kernel.ts";
import { codeCells, hasTag, type PlacedCodeCell, readNotebook } from "./notebook.ts";
import { type DisplayIndex, type Output, OutputCollector } from "./outputs.ts";

/** How a run ended. */
export type RunStatus = "ok" | "failed" | "timeout" | "kernel_died";

/** One code cell of a run. */
export interface CellRun {
  /** The cell's place among all cells of the notebook, from 1. */
  index: number;
  execution_count: number | null;
  outputs: Output[];
  duration_ms: number;
}

/** Where and why a run stopped. */
export interface CellFailure {
  /** The cell's place among all cells of the notebook, from 1. */
  index: number;
  source: string;
  ename: string;
  evalue: string;
  traceback: string[];
}

/** A run of one notebook. */
export interface NotebookRun {
  path: string;
  status: RunStatus;
  duration_ms: number;
  /** The cells that ran, the failing one included. */
  cells: CellRun[];
  failure?: CellFailure;
}

/** Options of {@linkcode runNotebook}. */
export interface RunOptions {
  /** How long each cell may take. Default two minutes. */
  timeoutMs?: number;
}

/** Matches the colour and style codes of a terminal. */
// deno-lint-ignore no-control-regex
const ANSI = /\x1b\[[0-9;?]*[A-Za-z]/g;

/**
 * Runs all code cells in order, in the notebook's folder, and stops at the first that fails. The file is not
 * changed. A cell with the tag `raises-exception` may throw: it shows an error on purpose.
 *
 * @throws {SourceError} when the file is no notebook
 * @throws {KernelDiedError | KernelTimeoutError} when no kernel can be started
 */
export async function runNotebook(
  path: string,
  { timeoutMs = 120_000 }: RunOptions = {},
): Promise<NotebookRun> {
  const started = performance.now();
  const notebook = await readNotebook(path);
  const run: NotebookRun = { path, status: "ok", duration_ms: 0, cells: [] };
  await using kernel = await Kernel.start({ cwd: dirname(path) });
  const displays: DisplayIndex = new Map();
  for (const placed of codeCells(notebook)) {
    const cell: CellRun = { index: placed.cell, execution_count: null, outputs: [], duration_ms: 0 };
    run.cells.push(cell);
    const failed = await runCell(kernel, placed, cell, { timeoutMs, displays });
    if (!failed) continue;
    run.status = failed.status;
    run.failure = { index: placed.cell, source: placed.code.source, ...failed.error };
    break;
  }
  run.duration_ms = Math.round(performance.now() - started);
  return run;
}

type CellError = Pick<CellFailure, "ename" | "evalue" | "traceback">;

async function runCell(
  kernel: Kernel,
  { code }: PlacedCodeCell,
  cell: CellRun,
  { timeoutMs, displays }: { timeoutMs: number; displays: DisplayIndex },
): Promise<{ status: Exclude<RunStatus, "ok">; error: CellError } | undefined> {
  const collector = new OutputCollector(displays);
  cell.outputs = collector.outputs;
  const started = performance.now();
  try {
    const { error, execution_count } = await kernel.execute(code.source, { outputs: collector, timeoutMs });
    cell.execution_count = execution_count;
    if (!error || hasTag(code, "raises-exception")) return undefined;
    return { status: "failed", error: clean(error) };
  } catch (error) {
    if (!(error instanceof KernelDiedError || error instanceof KernelTimeoutError)) throw error;
    return {
      status: error instanceof KernelTimeoutError ? "timeout" : "kernel_died",
      error: { ename: error.name, evalue: error.message, traceback: [] },
    };
  } finally {
    cell.duration_ms = Math.round(performance.now() - started);
  }
}

function clean({ ename, evalue, traceback }: CellError): CellError {
  if (evalue === "Execution failed" && traceback.length === 0) {
    return {
      ename: "SyntaxError",
      evalue: "the kernel cannot parse this cell, run with --check to see the line",
      traceback,
    };
  }
  return {
    ename: ename.replace(ANSI, ""),
    evalue: evalue.replace(ANSI, ""),
    traceback: traceback.map((line) => line.replace(ANSI, "")),
  };
}

/**
 * The report of a failing cell: notebook, cell, source with line numbers, error without colours. Line numbers
 * inside a traceback are the kernel's own, of the JavaScript that it made of the cell.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const failure = { index: 3, source: "f()", ename: "TypeError", evalue: "no f", traceback: [] };
 * const run = { path: "a.ipynb", status: "failed" as const, duration_ms: 5, cells: [], failure };
 * assertEquals(failureReport(run), "a.ipynb, cell 3: failed\n  1 | f()\nTypeError: no f");
 * ```
 */
export function failureReport({ path, status, failure }: NotebookRun): string {
  if (!failure) return `${path}: ${status}`;
  const { index, source, ename, evalue, traceback } = failure;
  const lines = source.split("\n");
  const width = String(lines.length).length;
  const numbered = lines.map((line, at) => `  ${String(at + 1).padStart(width)} | ${line}`.trimEnd());
  const error = traceback.length > 0 ? traceback : [`${ename}: ${evalue}`];
  return [`${path}, cell ${index}: ${status.replace("_", " ")}`, ...numbered, ...error].join("\n");
}
