/** Lines about a training on stderr: one that is redrawn in a terminal, one after the other elsewhere. */
import type { CommandIo } from "../command_io.ts";

/** How a training speaks to a person. */
export interface ProgressLines extends Disposable {
  /** A line that stays. */
  line: (text: string) => void;
  /** A line that the next one may take the place of. */
  progress: (text: string) => void;
  /** Leaves the newest line standing. */
  end: () => void;
}

/**
 * Lines for a command; disposing leaves the newest one standing, so that an error begins a line of its own.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * let said = "";
 * assertThrows(() => {
 *   using say = progressLines({ terminal: true, stderr: (text) => void (said += text) });
 *   say.progress("epoch 1");
 *   throw new Error("the loss is no number");
 * });
 * assertEquals(said, "\r\x1b[2Kepoch 1\n");
 * ```
 */
export function progressLines({ terminal, stderr }: Pick<CommandIo, "terminal" | "stderr">): ProgressLines {
  let open = false;
  const end = () => {
    if (open) stderr("\n");
    open = false;
  };
  return {
    line(text) {
      end();
      stderr(`${text}\n`);
    },
    progress(text) {
      // Back to the line's begin, and clear it.
      if (terminal) stderr(`\r\x1b[2K${text}`);
      else stderr(`${text}\n`);
      open = terminal;
    },
    end,
    [Symbol.dispose]: end,
  };
}
