/** Finds out whether a notebook shows the same every time. */

import { type CellRun, type NotebookRun, runNotebook, type RunOptions } from "./run_notebook.ts";
import type { Output } from "./outputs.ts";

/** The first cell whose outputs differ between two runs. */
export interface OutputDifference {
  /** The cell's place among all cells of the notebook, from 1. */
  index: number;
  first: Output[];
  second: Output[];
}

/** Two runs of a notebook; `difference` is absent where both show the same. */
export interface NotebookComparison {
  /** The run that failed, or the second one. */
  run: NotebookRun;
  difference?: OutputDifference;
}

/**
 * Runs a notebook twice, each time on a new kernel, and compares what the cells show. A failing first run is
 * not repeated.
 */
export async function compareNotebook(path: string, options: RunOptions = {}): Promise<NotebookComparison> {
  const first = await runNotebook(path, options);
  if (first.status !== "ok") return { run: first };
  const second = await runNotebook(path, options);
  const difference = firstDifference(first.cells, second.cells);
  return { run: second, ...(difference && { difference }) };
}

/**
 * The first cell whose outputs differ, or undefined.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const cell = { index: 2, execution_count: 1, outputs: [], duration_ms: 3 };
 * assertEquals(firstDifference([cell], [{ ...cell, duration_ms: 4 }]), undefined);
 * ```
 */
export function firstDifference(
  first: readonly CellRun[],
  second: readonly CellRun[],
): OutputDifference | undefined {
  for (const [at, { index, outputs }] of first.entries()) {
    const others = second[at]?.outputs ?? [];
    if (JSON.stringify(outputs) !== JSON.stringify(others)) return { index, first: outputs, second: others };
  }
  return undefined;
}
