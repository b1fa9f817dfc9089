/** The flags of `deno task notebooks`. The machinery behind them is loaded when the command runs. */

import type { Command } from "commander";
import { UsageError } from "../../core/errors.ts";
import type { NotebooksIo, NotebooksOptions } from "./notebooks_command.ts";

/**
 * Adds the command to a program. `exit` hears the exit code: 0 all is well, 1 a notebook failed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Command } from "commander";
 * const program = new Command();
 * registerNotebooks(program, { stdout() {}, stderr() {} }, () => {});
 * assertEquals(program.commands.map((command) => command.name()), ["notebooks"]);
 * ```
 */
export function registerNotebooks(program: Command, io: NotebooksIo, exit: (code: number) => void): void {
  program.command("notebooks")
    .description("executes the notebooks on the real Deno kernel")
    .argument("[files...]", "notebooks; default: notebooks/*.ipynb of the project")
    .option("--check", "check types, lint and cleanliness; run nothing")
    .option("--compare", "run twice and compare the outputs")
    .option("--clean", "strip outputs and execution counts from the files")
    .option("--write", "keep the outputs of the run in the files")
    .option("--timeout <seconds>", "how long a cell may run", parseSeconds, 120)
    .option("--json", "print one JSON object on stdout")
    .action(async (files: string[], options: NotebooksOptions) => {
      const { notebooks } = await import("./notebooks_command.ts");
      exit(await notebooks(files, options, io));
    });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 86_400) return seconds;
  throw new UsageError(
    `Cannot use "${text}" as --timeout: it is not a number of seconds, write for example 60`,
  );
}
