/** Checks a notebook without running it: types, lint, cleanliness. */

import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { LakebookError } from "../../core/errors.ts";
import { joinCells, type JoinedModule } from "./joined_module.ts";
import { codeCells, hasTag, type Notebook, type PlacedCodeCell, readNotebook } from "./notebook.ts";

/** Something to repair in a notebook. */
export interface Problem {
  /** The cell among all cells, from 1; null where no cell can be named. */
  cell: number | null;
  /** The line in the cell, from 1; null where the whole cell is meant. */
  line: number | null;
  /** `TS2322`, a lint rule, or `output`, `execution-count`, `empty-cell`, `long-cell`. */
  code: string;
  message: string;
}

/** STYLE: a cell that does not fit here has logic that belongs to `lib/`. */
const MAX_LINES = 8;

/**
 * Lint rules that mean something else in a notebook:
 * - `no-inner-declarations`: a function in the block that models a name declared again is not nested in the
 *   notebook.
 * - `no-unreachable`: a cell that throws on purpose does not end the notebook.
 *
 * All others stay, `no-unused-vars` and `no-explicit-any` included: what is bad in `lib/` is a bad example in a
 * notebook, too. No rule of Deno's objects to an unused expression, with which a cell shows its value.
 */
const EXCLUDED_RULES = ["no-inner-declarations", "no-unreachable"];

/** Type errors for a name that is declared twice, which a kernel allows in different cells. */
const REDECLARED = new Set(["TS2300", "TS2393", "TS2451", "TS2440"]);

const LINT_REPORT = z.object({
  diagnostics: z.array(z.object({
    range: z.object({ start: z.object({ line: z.number() }) }),
    code: z.string(),
    message: z.string(),
  })),
  errors: z.array(z.object({ message: z.string() })),
});

/**
 * Checks types and lint of all code cells together, and that the notebook is clean.
 *
 * @throws {SourceError} when the file is no notebook
 */
export async function checkNotebook(path: string): Promise<Problem[]> {
  const notebook = await readNotebook(path);
  const cells = codeCells(notebook);
  const { module, problems: types } = await checkTypes(path, cells);
  const broken = types.some(({ code }) => code === "syntax");
  const lint = broken ? [] : await lintModule(path, module);
  const problems = [...checkCleanliness(notebook), ...types, ...lint];
  return problems.sort((a, b) => (a.cell ?? 0) - (b.cell ?? 0) || (a.line ?? 0) - (b.line ?? 0));
}

/**
 * What keeps a notebook from being committed: outputs (but for cells tagged `keep_output`), execution counts,
 * empty code cells and cells of more than 8 lines.
 */
export function checkCleanliness(notebook: Notebook): Problem[] {
  return codeCells(notebook).flatMap(({ cell, code }) => {
    const problem = (rule: string, message: string) => ({ cell, line: null, code: rule, message });
    const lines = code.source.trimEnd().split("\n").length;
    return [
      code.outputs.length > 0 && !hasTag(code, "keep_output") &&
      problem("output", 'has outputs, run "deno task notebooks --clean"'),
      code.execution_count !== null &&
      problem("execution-count", 'has an execution count, run "deno task notebooks --clean"'),
      code.source.trim() === "" && problem("empty-cell", "is empty, delete it"),
      lines > MAX_LINES &&
      problem("long-cell", `has ${lines} lines, keep ${MAX_LINES} and move logic to lib/`),
    ].filter((found) => found !== false);
  });
}

/** One line for people: `a.ipynb, cell 3, line 2: TS2322: Type …`. */
export function problemLine(path: string, { cell, line, code, message }: Problem): string {
  const place = [path, cell !== null && `cell ${cell}`, line !== null && `line ${line}`].filter(Boolean);
  return `${place.join(", ")}: ${code}: ${message}`;
}

/** A second round puts cells that declare a name again into blocks of their own. */
async function checkTypes(
  path: string,
  cells: readonly PlacedCodeCell[],
): Promise<{ module: JoinedModule; problems: Problem[] }> {
  const module = joinCells(cells);
  const found = await typeErrors(path, module);
  const scopes = redeclaringCells(found, module);
  const nested = scopes.size > 0 ? joinCells(cells, { scopes }) : module;
  const errors = scopes.size > 0 ? await typeErrors(path, nested) : found;
  const problems = errors.map(({ code, message, row }) => {
    const origin = nested.origins[row - 1];
    return { cell: origin?.cell ?? null, line: origin?.line ?? null, code, message };
  });
  return { module: nested, problems };
}

interface TypeIssue {
  code: string;
  message: string;
  /** Line and column in the module, from 1. */
  row: number;
  column: number;
}

function redeclaringCells(errors: readonly TypeIssue[], { text, origins }: JoinedModule): Set<number> {
  const lines = text.split("\n");
  const cellsOfName = new Map<string, Set<number>>();
  for (const { code, row, column } of errors) {
    const name = /^[\w$]+/.exec(lines[row - 1]?.slice(column - 1) ?? "")?.[0];
    const cell = origins[row - 1]?.cell;
    if (!REDECLARED.has(code) || name === undefined || cell === undefined) continue;
    cellsOfName.set(name, (cellsOfName.get(name) ?? new Set()).add(cell));
  }
  return new Set([...cellsOfName.values()].flatMap((cells) => [...cells].sort((a, b) => a - b).slice(1)));
}

/** `deno check` takes files only, and imports resolve from the file's folder: so a hidden file is needed. */
async function typeErrors(path: string, { text }: JoinedModule): Promise<TypeIssue[]> {
  const file = join(resolve(dirname(path)), `.check_${crypto.randomUUID()}.ts`);
  try {
    await Deno.writeTextFile(file, text, { createNew: true });
    const { code, stdout, stderr } = await deno(["check", "--quiet", basename(file)], dirname(path));
    if (code === 0) return [];
    const errors = parseTypeErrors(stderr + stdout, pathToFileURL(file).href);
    if (errors.length > 0) return errors;
    throw new LakebookError(`Cannot check "${path}": deno check says:\n${stderr.trim()}`);
  } finally {
    await Deno.remove(file).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

function parseTypeErrors(text: string, url: string): TypeIssue[] {
  const errors: TypeIssue[] = [];
  let code = "syntax", message: string[] = [];
  for (const line of text.split("\n")) {
    const start = /^(?:(TS\d+) \[ERROR\]|error): (.*)$/.exec(line);
    if (start) {
      code = start[1] ?? "syntax";
      message = [start[2]!];
    }
    const place = line.includes(url) ? /:(\d+):(\d+)\s*$/.exec(line) : null;
    if (!place || message.length === 0) continue;
    errors.push({ code, message: message.join(" "), row: Number(place[1]), column: Number(place[2]) });
    message = [];
  }
  return errors;
}

async function lintModule(path: string, { text, origins }: JoinedModule): Promise<Problem[]> {
  const args = ["lint", "--json", "--ext=ts", `--rules-exclude=${EXCLUDED_RULES.join(",")}`, "-"];
  const { stdout, stderr } = await deno(args, dirname(path), text);
  const report = LINT_REPORT.safeParse(stdout.startsWith("{") ? JSON.parse(stdout) : undefined);
  if (!report.success || report.data.errors.length > 0) {
    const why = report.data?.errors[0]?.message ?? stderr.trim();
    throw new LakebookError(`Cannot lint "${path}": deno lint says:\n${why}`);
  }
  return report.data.diagnostics.flatMap(({ range, code, message }) => {
    const origin = origins[range.start.line - 1];
    // A line that joining added is nobody's fault.
    return origin ? [{ ...origin, code, message }] : [];
  });
}

async function deno(
  args: string[],
  cwd: string,
  stdin = "",
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [output] = await Promise.all([child.output(), new Blob([stdin]).stream().pipeTo(child.stdin)]);
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code: output.code, stdout: stdout!, stderr: stderr! };
}
