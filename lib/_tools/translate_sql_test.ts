import { assertEquals } from "@std/assert";
import translated from "../warehouse/translated.json" with { type: "json" };
import { translateAll } from "./translate_sql.ts";

Deno.test("translateAll() is what translated.json holds, else run `deno task translate`", async () => {
  assertEquals(await translateAll(), translated as Record<string, string>);
});
