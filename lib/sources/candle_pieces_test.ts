import { assertEquals } from "@std/assert";
import { linePieces } from "./candle_pieces.ts";

async function* chunks(...texts: string[]) {
  for (const text of texts) yield await Promise.resolve(new TextEncoder().encode(text));
}

Deno.test("linePieces() cuts at ends of lines and loses no byte", async () => {
  const folder = await Deno.makeTempDir();
  const pieces: [string, boolean][] = [];
  for await (const { path, first } of linePieces(chunks("a\nbb\nc", "cc\nd", "d\n"), { folder, size: 4 })) {
    pieces.push([await Deno.readTextFile(path), first]);
  }
  assertEquals(pieces, [["a\nbb\n", true], ["ccc\n", false], ["dd\n", false]]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("linePieces() lets its reader stop after any piece", async () => {
  const folder = await Deno.makeTempDir();
  for await (const { first } of linePieces(chunks("a\nb\n", "c\n"), { folder, size: 2 })) {
    if (first) break;
  }
  await Deno.remove(folder, { recursive: true });
});
