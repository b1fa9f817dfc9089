/** `deno task notebooks`: runs, checks, compares and cleans the notebooks of the project. */

import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../core/errors.ts";
import { checkNotebook, problemLine } from "./check_notebook.ts";
import { compareNotebook } from "./compare_notebook.ts";
import { killKernels } from "./kernel.ts";
import { readNotebook, serialiseNotebook, stripOutputs, withOutputs } from "./notebook.ts";
import { failureReport, type NotebookRun, runNotebook } from "./run_notebook.ts";

/** Where the command writes: data on stdout, messages on stderr. Both get whole lines. */
export interface NotebooksIo {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** Flags of the command. Without `check`, `compare` and `clean` it runs. */
export interface NotebooksOptions {
  check?: boolean;
  compare?: boolean;
  clean?: boolean;
  /** Keep the outputs of the run in the file. */
  write?: boolean;
  json?: boolean;
  /** Seconds a cell. Default 120. */
  timeout?: number;
}

/** What happened to one notebook. */
interface Outcome {
  ok: boolean;
  /** One word for the progress line. */
  status: string;
  /** Lines beneath the progress line. */
  detail: string[];
  /** The notebook's entry in the JSON report. */
  report: Record<string, unknown>;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Does what the flags say, notebook by notebook, and gives the exit code: 0 or, where a notebook failed, 1.
 *
 * @throws {UsageError} for flags that exclude each other and where there is no notebook
 * @throws {SourceError} when a file is no notebook
 */
export async function notebooks(
  files: readonly string[],
  options: NotebooksOptions,
  io: NotebooksIo,
): Promise<number> {
  const modes = (["check", "compare", "clean", "write"] as const).filter((mode) => options[mode]);
  if (modes.length > 1) {
    throw new UsageError(`Cannot combine "--${modes[0]}" and "--${modes[1]}": choose one of them`);
  }
  const paths = files.length > 0 ? files : await defaultNotebooks();
  const work = WORK[modes[0] ?? "run"];
  const reports: Record<string, unknown>[] = [];
  let failed = 0;
  const stop = () => {
    killKernels();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", stop);
  try {
    for (const path of paths) {
      const started = performance.now();
      const { ok, status, detail, report } = await work(path, (options.timeout ?? 120) * 1000);
      const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
      io.stderr(`${path}: ${status} (${seconds.toFixed(1)} s)\n`);
      for (const line of detail) io.stderr(`${line}\n`);
      reports.push({ path, status, seconds, ...report });
      if (!ok) failed++;
    }
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
  }
  const exit_code = failed > 0 ? 1 : 0;
  if (options.json) io.stdout(`${JSON.stringify({ notebooks: reports, failed, exit_code })}\n`);
  return exit_code;
}

const WORK: Record<
  "run" | "write" | "check" | "compare" | "clean",
  (path: string, timeoutMs: number) => Promise<Outcome>
> = {
  run: async (path, timeoutMs) => outcomeOf(await runNotebook(path, { timeoutMs })),
  async write(path, timeoutMs) {
    const run = await runNotebook(path, { timeoutMs });
    // A failed run would leave the file with half its outputs.
    if (run.status === "ok") {
      await Deno.writeTextFile(path, serialiseNotebook(withOutputs(await readNotebook(path), run.cells)));
    }
    return outcomeOf(run);
  },
  async check(path) {
    const problems = await checkNotebook(path);
    const ok = problems.length === 0;
    const detail = problems.map((problem) => problemLine(path, problem));
    return { ok, status: ok ? "ok" : "problems", detail, report: { problems } };
  },
  async compare(path, timeoutMs) {
    const { run, difference } = await compareNotebook(path, { timeoutMs });
    if (!difference) return outcomeOf(run);
    const { index, first, second } = difference;
    const detail = [
      `${path}, cell ${index}: two runs show different outputs`,
      `  first:  ${shorten(first)}`,
      `  second: ${shorten(second)}`,
    ];
    return { ok: false, status: "differs", detail, report: { difference } };
  },
  async clean(path) {
    const before = await Deno.readTextFile(path).catch(() => "");
    const after = serialiseNotebook(stripOutputs(await readNotebook(path)));
    if (after !== before) await Deno.writeTextFile(path, after);
    const changed = after !== before;
    return { ok: true, status: changed ? "cleaned" : "clean", detail: [], report: { changed } };
  },
};

function outcomeOf(run: NotebookRun): Outcome {
  const cells = run.cells.map(({ outputs, ...cell }) => ({ ...cell, outputs: outputs.length }));
  const report = { duration_ms: run.duration_ms, cells, ...(run.failure && { failure: run.failure }) };
  const ok = run.status === "ok";
  return { ok, status: run.status, detail: ok ? [] : [failureReport(run)], report };
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

async function defaultNotebooks(): Promise<string[]> {
  const folder = join(ROOT, "notebooks");
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile && entry.name.endsWith(".ipynb")) names.push(entry.name);
  }
  if (names.length === 0) {
    throw new UsageError('Cannot find a notebook: "notebooks/" holds no .ipynb file, name the files');
  }
  return names.sort().map((name) => relative(Deno.cwd(), join(folder, name)));
}
