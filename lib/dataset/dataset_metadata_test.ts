import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { LakeError } from "../core/errors.ts";
import { tempFolder } from "./_test_written_datasets.ts";
import { containedKey, openDataset } from "./dataset_folder.ts";
import { METADATA_KEYS, readDatasetSchema } from "./dataset_metadata.ts";
import { materializeDataset } from "./materialize.ts";
import { footerFile, footerOf, footerWith } from "./parquet_footer.ts";
import { BitcoinSchema } from "./unischema.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("readDatasetSchema() takes our JSON first, Petastorm's pickle then, and nothing where there is neither", async () => {
  await using folder = await tempFolder();
  const store = await openDataset(folder.path);
  assertEquals(await readDatasetSchema(store), null);
  await materializeDataset(folder.path, BitcoinSchema, [{ timestamp: 1, price: 1 }]);
  const footer = footerOf((await store.get("_common_metadata"))!);
  await store.delete("_metadata");
  assertEquals(await readDatasetSchema(store), BitcoinSchema);

  const write = (pairs: [string, string][]) => {
    const keyValues = new Map(pairs.map(([key, value]) => [key, bytesOf(value)]));
    return store.put("_common_metadata", footerFile(footerWith(footer, { rowGroups: [], keyValues })));
  };
  const refused = async (text: string) => {
    await assertRejects(() => readDatasetSchema(store), LakeError, text);
  };
  await write([["pandas", "{}"]]);
  assertEquals(await readDatasetSchema(store), null);
  await write([[METADATA_KEYS.schema, "{}"], [METADATA_KEYS.pickle, "cos\nsystem\n."]]);
  await refused("Cannot read a schema from JSON");
  await write([[METADATA_KEYS.schema, "{"]]);
  await refused("Cannot use the schema in");
  await write([[METADATA_KEYS.pickle, "cos\nsystem\n(Vtrue\ntR."]]);
  await refused('it names "os.system"');
});

Deno.test("readDatasetSchema() refuses summary files that are cut off or foreign, wherever", async () => {
  await using folder = await tempFolder();
  await materializeDataset(folder.path, BitcoinSchema, [{ timestamp: 1, price: 1 }]);
  const store = await openDataset(folder.path);
  const whole = (await store.get("_metadata"))!;
  await store.delete("_common_metadata");
  for (let length = 0; length < whole.length; length += 61) {
    await Deno.writeFile(`${folder.path}/_metadata`, whole.subarray(0, length));
    await assertRejects(() => readDatasetSchema(store), LakeError, "Cannot read");
    // The beginning is lost, as in a file that another program wrote over.
    await Deno.writeFile(`${folder.path}/_metadata`, whole.subarray(length + 5));
    await assertRejects(() => readDatasetSchema(store), LakeError, "Cannot read");
  }
  assertThrows(() => footerOf(bytesOf("not Parquet")), LakeError, "does not end as Parquet files do");
});

Deno.test("containedKey() keeps keys inside the dataset, through symbolic links as well", async () => {
  await using outside = await tempFolder();
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/year=2020`);
  await Deno.writeTextFile(`${outside.path}/secret`, "x");
  await Deno.symlink(outside.path, `${folder.path}/out`);
  await Deno.symlink(`${outside.path}/secret`, `${folder.path}/part`);
  await Deno.symlink("year=2020", `${folder.path}/inside`);
  const store = await openDataset(folder.path);
  for (const key of ["a", "year=2020/part", "inside/part", "new/and/deep", "..a/b.."]) {
    assertEquals(await containedKey(store, key), key);
  }
  for (const key of ["", "../a", "a/../../b", "/etc/passwd", "a//b", "a\\..\\b", "a\0b"]) {
    await assertRejects(() => containedKey(store, key), LakeError, "it is no path inside the dataset");
  }
  for (const key of ["out", "out/secret", "out/new/part", "part"]) {
    await assertRejects(() => containedKey(store, key), LakeError, "a symbolic link leads to");
  }
});
