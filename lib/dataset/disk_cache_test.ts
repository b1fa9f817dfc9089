import { assertEquals, assertRejects } from "@std/assert";
import { LakeError } from "../core/errors.ts";
import { diskFull, FaultyDisk } from "../lake/_test_faulty_disk.ts";
import { DiskCache } from "./disk_cache.ts";

for (const only of ["mkdir", "writeFile", "rename"] as const) {
  Deno.test(`DiskCache says that its disk is full (${only}), leaves nothing half written, and goes on with room`, async () => {
    const folder = await Deno.makeTempDir();
    const disk = new FaultyDisk({
      at: 1,
      moment: only === "writeFile" ? "within" : "before",
      only,
      strike: diskFull,
    });
    const cache = new DiskCache({ folder, maxBytes: 1000 }, disk);
    const bytes = new Uint8Array(100).fill(7);
    await assertRejects(
      () => cache.put("a", bytes),
      LakeError,
      `Cannot cache a row group in "${folder}": No space left on device`,
    );
    assertEquals([...Deno.readDirSync(folder)], []);
    assertEquals(await cache.get("a"), null);
    await cache.put("a", bytes);
    assertEquals(await cache.get("a"), bytes);
    await Deno.remove(folder, { recursive: true });
  });
}
