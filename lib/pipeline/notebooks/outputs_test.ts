import { assertEquals } from "@std/assert";
import { type DisplayIndex, OutputCollector } from "./outputs.ts";

const message = (msg_type: string, content: Record<string, unknown>) => ({ msg_id: "", msg_type, content });
const text = (data: string, display_id?: string) => ({
  data: { "text/plain": data },
  metadata: {},
  transient: display_id === undefined ? {} : { display_id },
});

Deno.test("OutputCollector updates a display of an earlier cell", () => {
  const displays: DisplayIndex = new Map();
  const first = new OutputCollector(displays), second = new OutputCollector(displays);
  first.add(message("display_data", text("old", "bar")));
  second.add(message("update_display_data", text("new", "bar")));
  assertEquals(first.outputs, [{ output_type: "display_data", data: { "text/plain": "new" }, metadata: {} }]);
  assertEquals(second.outputs, []);
});

Deno.test("OutputCollector clears at once, or with wait at the next output", () => {
  const cell = new OutputCollector();
  cell.add(message("stream", { name: "stdout", text: "1" }));
  cell.add(message("clear_output", { wait: true }));
  assertEquals(cell.outputs.length, 1);
  cell.add(message("stream", { name: "stdout", text: "2" }));
  assertEquals(cell.outputs, [{ output_type: "stream", name: "stdout", text: "2" }]);
  cell.add(message("clear_output", { wait: false }));
  assertEquals(cell.outputs, []);
});

Deno.test("OutputCollector passes over messages that are no outputs", () => {
  const cell = new OutputCollector();
  assertEquals(cell.add(message("status", { execution_state: "busy" })), false);
  assertEquals(cell.outputs, []);
});
