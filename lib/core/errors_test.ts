import { assert, assertEquals } from "@std/assert";
import * as errors from "./errors.ts";

Deno.test("every error is a LakebookError with its own name, and keeps message, cause and retryable", () => {
  const names = Object.keys(errors).sort();
  assertEquals(names, [
    "ConfigError",
    "LakeError",
    "LakebookError",
    "LockError",
    "ModelError",
    "QualityError",
    "SourceError",
    "SqlError",
    "UsageError",
  ]);
  for (const [name, LakebookClass] of Object.entries(errors)) {
    const cause = new TypeError("below");
    const error = new LakebookClass("Cannot x", { cause, retryable: true });
    assert(error instanceof errors.LakebookError && error instanceof Error);
    assertEquals([error.name, error.message, error.retryable], [name, "Cannot x", true]);
    assertEquals(error.cause, cause);
    assertEquals(String(error), `${name}: Cannot x`);
  }
});

Deno.test("LakebookError is not retryable and has no cause unless told", () => {
  const error = new errors.LakeError("Cannot x");
  assertEquals([error.retryable, "cause" in error], [false, false]);
});
