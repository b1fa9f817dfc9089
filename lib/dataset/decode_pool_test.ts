import { assertEquals, assertRejects } from "@std/assert";
import { numberedRows, parquetOf } from "./_test_datasets.ts";
import { decodeInThread, endThreads } from "./decode_pool.ts";
import { batchOfArrow } from "./decode_row_group.ts";

/** Asks until a thread has started. */
async function inThread(file: Uint8Array, rows: number): Promise<Uint8Array> {
  while (true) {
    const answer = decodeInThread(file.slice(), rows);
    if (answer) return await answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// The threads and their timer outlive a test by half a second.
Deno.test({
  name: "decodeInThread() decodes, says what is wrong with damaged bytes, and starts again after an end",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const file = parquetOf(numberedRows(0, 1000));
    const batch = batchOfArrow(await inThread(file, 1000), 1000);
    assertEquals(batch.getChild("price")!.get(999), 999);
    await assertRejects(() => inThread(file.slice(0, 100), 1000), Error, "Parquet error");
    endThreads();
    assertEquals((await inThread(file, 1000)).length > 1000 * 12, true);
    endThreads();
  },
});
