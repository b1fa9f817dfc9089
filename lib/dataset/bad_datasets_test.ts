/** Datasets that cannot be read: every error says what, why, and what to do, and none comes late or as a wrong row. */
import { assertEquals, assertRejects } from "@std/assert";
import { tableFromArrays } from "apache-arrow";
import fc from "fast-check";
import { LakeError } from "../core/errors.ts";
import { datasetFolder, numberedRows, parquetOf } from "./_test_datasets.ts";
import { makeBatchReader } from "./batch_reader.ts";
import { materializeDataset } from "./materialize.ts";
import { makeReader } from "./row_reader.ts";
import { BitcoinSchema } from "./unischema.ts";

const PART = parquetOf(numberedRows(0, 20), { rowGroupRows: 10 });

/** Bytes of its footer, with length and magic. */
const FOOTER = new DataView(PART.buffer, PART.byteOffset).getUint32(PART.length - 8, true) + 8;

async function readAll(folder: string): Promise<number[]> {
  await using reader = await makeBatchReader(folder);
  const batches = await Array.fromAsync(reader);
  return batches.flatMap((batch) => Array.from(batch.getChild("timestamp") ?? [], Number));
}

async function refused(files: Parameters<typeof datasetFolder>[0], message: string): Promise<void> {
  await using dataset = await datasetFolder(files);
  await assertRejects(() => readAll(dataset.folder), LakeError, message);
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at < 0 ? copy.length + at : at]! ^= value;
  return copy;
}

/** Bytes with some texts in them replaced. */
function rewritten(bytes: Uint8Array, changes: readonly [from: string, to: string][]): Uint8Array {
  let text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  for (const [from, to] of changes) text = text.replaceAll(from, to);
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

Deno.test("files that are no whole Parquet files are named", async () => {
  await refused({}, "no *.parquet file lies in it (0 objects in all)");
  await refused({ "data.csv": "a,b" }, "no *.parquet file lies in it (1 objects in all)");
  await refused({ "a.parquet": "" }, 'a.parquet": it has 0 bytes, too few');
  await refused({ "a.parquet": PART.slice(0, -1) }, "it does not end as a Parquet file does");
  await refused({ "a.parquet": "timestamp,price\n1,2\n3,4\n" }, "it does not end as a Parquet file does");
  const encrypted = PART.slice();
  encrypted.set(new TextEncoder().encode("PARE"), encrypted.length - 4);
  await refused({ "a.parquet": encrypted }, "its footer is encrypted");
  await refused({ "a.parquet": changed(PART, -5, 0x7f) }, "its footer claims");
  // The end is there, and what it speaks of is another file's.
  const long = parquetOf(numberedRows(0, 5000));
  await refused({ "a.parquet": long.slice(long.length >> 1) }, "the footer is another file's");
});

Deno.test("a footer with any byte changed is an error of ours, or the dataset as it was", async () => {
  await using dataset = await datasetFolder({ "a.parquet": PART });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: FOOTER }),
      fc.integer({ min: 1, max: 255 }),
      async (back, value) => {
        await Deno.writeFile(`${dataset.folder}/a.parquet`, changed(PART, -back, value));
        const found = await readAll(dataset.folder).catch((error) => {
          if (!(error instanceof LakeError)) throw error;
          return null;
        });
        // A name or a statistic may be another one now, and rows may be fewer where their number is written.
        if (found !== null) assertEquals(found.every((row, at) => at === 0 || row > found[at - 1]!), true);
      },
    ),
    { numRuns: 150, seed: 6 },
  );
});

Deno.test("pages that do not decode are named with their row group", async () => {
  const broken = PART.slice();
  broken.fill(0xff, 4, 60);
  await refused({ "a.parquet": broken }, "Cannot read row group 0 of");
});

Deno.test("a file that changes under a reader is named", async () => {
  await using dataset = await datasetFolder({ "a.parquet": PART });
  await using reader = await makeBatchReader(dataset.folder, { prefetch: 0 });
  await Deno.writeFile(`${dataset.folder}/a.parquet`, PART.slice(0, 30));
  await assertRejects(() => reader.next(), LakeError, "it ends before byte");
  await Deno.remove(`${dataset.folder}/a.parquet`);
  await assertRejects(() => reader.next(), LakeError, "it is gone");
});

Deno.test("parts with other columns or types are named, with both files and the column", async () => {
  const other = (columns: Parameters<typeof tableFromArrays>[0]) => parquetOf(tableFromArrays(columns));
  const timestamp = BigInt64Array.of(1n);
  await refused(
    { "a.parquet": PART, "b.parquet": other({ timestamp, price: Float64Array.of(1) }) },
    'column "price" is FLOAT in "a.parquet" and DOUBLE in "b.parquet"',
  );
  await refused(
    { "a.parquet": PART, "b.parquet": other({ timestamp }) },
    'column "price" is FLOAT in "a.parquet" and no such column in "b.parquet"',
  );
  await refused(
    { "a.parquet": PART, "year=2024/b.parquet": PART },
    '"a.parquet" has the partitions "", "year=2024/b.parquet" has "year"',
  );
  await refused(
    { "price=1/a.parquet": PART },
    '"price" is a column of the files and a partition of the folders',
  );
});

Deno.test("links that leave the dataset are refused, and links inside of it are followed", async () => {
  await using dataset = await datasetFolder({ "data/a.parquet": PART, "secret/b.parquet": PART });
  const folder = `${dataset.folder}/data`;
  const link = async (target: string, message: string) => {
    await Deno.symlink(target, `${folder}/link.parquet`);
    await assertRejects(() => readAll(folder), LakeError, message);
    await Deno.remove(`${folder}/link.parquet`);
  };
  await link("../secret/b.parquet", '"link.parquet" is a symbolic link that leads out of the dataset');
  await link("../secret", "that leads out of the dataset");
  await link("nowhere.parquet", "is a symbolic link to nothing");
  await Deno.symlink("a.parquet", `${folder}/again.parquet`);
  assertEquals((await readAll(folder)).length, 40);
  // The dataset itself may be a link.
  await Deno.symlink(folder, `${dataset.folder}/alias`);
  assertEquals((await readAll(`${dataset.folder}/alias`)).length, 40);
});

Deno.test("_metadata that does not fit its dataset is refused", async () => {
  const folder = await Deno.makeTempDir();
  const { parts } = await materializeDataset(folder, BitcoinSchema, [{ timestamp: 1, price: 1 }]);
  const key = parts[0]!.key, summary = await Deno.readFile(`${folder}/_metadata`);
  await Deno.copyFile(`${folder}/${key}`, `${folder}/foreign.parquet`);
  await assertRejects(() => readAll(folder), LakeError, '_metadata does not name "foreign.parquet"');
  await Deno.remove(`${folder}/foreign.parquet`);
  // The same length, so that the footer stays whole.
  const renamed = (path: string) => {
    return rewritten(summary, [[key, path.padEnd(key.length, "x")]]);
  };
  await Deno.writeFile(`${folder}/_metadata`, renamed("../outside/part.parquet"));
  await assertRejects(() => readAll(folder), LakeError, "which is outside of the dataset");
  await Deno.writeFile(`${folder}/_metadata`, renamed("/etc/part.parquet"));
  await assertRejects(() => readAll(folder), LakeError, "which is outside of the dataset");
  await Deno.writeFile(`${folder}/_metadata`, renamed("lost/part.parquet"));
  await assertRejects(() => readAll(folder), LakeError, "which _metadata names, is missing");
  await Deno.writeFile(`${folder}/_metadata`, summary.slice(0, -3));
  await assertRejects(() => readAll(folder), LakeError, "it is truncated or no Parquet footer");
  await Deno.writeFile(`${folder}/_metadata`, summary);
  await Deno.remove(`${folder}/${key}`);
  await assertRejects(() => readAll(folder), LakeError, "no *.parquet file lies in it");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a hostile schema is refused before any row is read", async () => {
  const folder = await Deno.makeTempDir();
  await materializeDataset(folder, BitcoinSchema, [{ timestamp: 1, price: 1 }]);
  for (const file of ["_metadata", "_common_metadata"]) {
    const bytes = rewritten(await Deno.readFile(`${folder}/${file}`), [
      ["lakebook.schema.v1", "lakebook.nothing.1"],
      ["cpetastorm.unischema\nUnischema\n", `${"cposix\nsystem".padEnd(30, "x")}\n`],
    ]);
    await Deno.writeFile(`${folder}/${file}`, bytes);
  }
  await assertRejects(() => makeReader(folder), LakeError, "posix");
  await Deno.remove(folder, { recursive: true });
});
