import { assertEquals, assertThrows } from "@std/assert";
import { LakebookError } from "../../core/errors.ts";
import { decodeMessage, encodeMessage } from "./messages.ts";

const message = { msg_id: "a", msg_type: "status", parent_id: "b", content: { execution_state: "idle" } };

Deno.test("decodeMessage() reads what encodeMessage() wrote, behind routing frames", () => {
  const frames = encodeMessage(message, "key", "session");
  assertEquals(decodeMessage([Uint8Array.of(1, 2), ...frames], "key"), message);
});

Deno.test("decodeMessage() refuses a changed part, a wrong key and missing frames", () => {
  const frames = encodeMessage(message, "key", "session");
  for (const part of [2, 3, 4, 5]) {
    const changed = frames.with(part, new TextEncoder().encode('{"msg_id":"x"}'));
    assertThrows(() => decodeMessage(changed, "key"), LakebookError, "signature");
  }
  assertThrows(() => decodeMessage(frames, "other"), LakebookError, "signature");
  assertThrows(() => decodeMessage(frames.slice(1), "key"), LakebookError, "frames are missing");
});
