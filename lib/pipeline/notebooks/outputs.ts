/** Outputs of a cell, as nbformat 4 keeps them, built from the messages of a kernel. */

import { z } from "zod";
import type { KernelMessage } from "./messages.ts";

/** A MIME bundle: type to content, for example `image/svg+xml` to a text. */
export type MimeBundle = Record<string, unknown>;

/** One output of a code cell (nbformat 4); text is joined, not a list of lines. */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: MimeBundle; metadata: Record<string, unknown> }
  | {
    output_type: "execute_result";
    execution_count: number | null;
    data: MimeBundle;
    metadata: Record<string, unknown>;
  }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

const RECORD = z.record(z.string(), z.unknown());
const STREAM = z.object({ name: z.string(), text: z.string() });
const DISPLAY = z.object({
  data: RECORD,
  metadata: RECORD.default({}),
  transient: z.looseObject({ display_id: z.string().optional() }).default({}),
  execution_count: z.number().nullable().default(null),
});
/** What an error says of itself; a reply without details (a syntax error) has defaults. */
export const ERROR_CONTENT = z.object({
  ename: z.string().default("Error"),
  evalue: z.string().default(""),
  traceback: z.array(z.string()).default([]),
});

/** Displays of all cells so far by `display_id`, because a later cell may update the display of an earlier. */
export type DisplayIndex = Map<string, Extract<Output, { data: MimeBundle }>[]>;

/**
 * Collects the outputs of one cell.
 *
 * @example Neighbouring writes to a stream become one output
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const cell = new OutputCollector();
 * for (const text of ["a\n", "b\n"]) {
 *   cell.add({ msg_id: "", msg_type: "stream", content: { name: "stdout", text } });
 * }
 * assertEquals(cell.outputs, [{ output_type: "stream", name: "stdout", text: "a\nb\n" }]);
 * ```
 */
export class OutputCollector {
  /** What the cell shows now. */
  readonly outputs: Output[] = [];
  readonly #displays: DisplayIndex;
  #clearOnNext = false;

  /** Cells of one run share `displays`. */
  constructor(displays: DisplayIndex = new Map()) {
    this.#displays = displays;
  }

  /** Takes a message; true where it was an output. Others (status, execute_input) are passed over. */
  add({ msg_type, content }: KernelMessage): boolean {
    switch (msg_type) {
      case "stream":
        this.#addStream(STREAM.parse(content));
        return true;
      case "display_data":
      case "execute_result":
        this.#addDisplay(msg_type, DISPLAY.parse(content));
        return true;
      case "update_display_data":
        this.#updateDisplay(DISPLAY.parse(content));
        return true;
      case "error":
        this.#push({ output_type: "error", ...ERROR_CONTENT.parse(content) });
        return true;
      case "clear_output":
        if (content["wait"] === true) this.#clearOnNext = true;
        else this.outputs.length = 0;
        return true;
      default:
        return false;
    }
  }

  #push(output: Output): void {
    if (this.#clearOnNext) this.outputs.length = 0;
    this.#clearOnNext = false;
    this.outputs.push(output);
  }

  #addStream({ name, text }: z.infer<typeof STREAM>): void {
    const last = this.outputs.at(-1);
    if (!this.#clearOnNext && last?.output_type === "stream" && last.name === name) last.text += text;
    else this.#push({ output_type: "stream", name, text });
  }

  #addDisplay(type: "display_data" | "execute_result", content: z.infer<typeof DISPLAY>): void {
    const { data, metadata, transient: { display_id }, execution_count } = content;
    const output = type === "display_data"
      ? { output_type: type, data, metadata }
      : { output_type: type, execution_count, data, metadata };
    this.#push(output);
    if (display_id === undefined) return;
    this.#displays.set(display_id, [...this.#displays.get(display_id) ?? [], output]);
  }

  #updateDisplay({ data, metadata, transient: { display_id } }: z.infer<typeof DISPLAY>): void {
    for (const output of this.#displays.get(display_id ?? "") ?? []) {
      Object.assign(output, { data, metadata });
    }
  }
}
