import { assertEquals } from "@std/assert";
import { fuzz, PARSERS } from "./fuzz.ts";

for (const name of Object.keys(PARSERS)) {
  Deno.test(`the parser of ${name} gives rows or a SourceError for 20,000 broken bodies`, () => {
    assertEquals(fuzz(name, 20_000).failures, []);
  });
}
