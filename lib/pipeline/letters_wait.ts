import type { ObjectStore } from "../lake/store.ts";

/** What to say while dead letters wait. */
export function lettersWait(letters: readonly string[], store: ObjectStore): string {
  const some = letters.slice(0, 3).join(", ") + (letters.length > 3 ? ", …" : "");
  return `${letters.length} dead letters wait in ${store.locate("dead_letters/")}: ${some}; ` +
    `redrive them with \`deno task replay --lake ${store.url}\``;
}
