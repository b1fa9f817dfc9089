import { assertEquals, assertRejects } from "@std/assert";
import pl from "nodejs-polars";
import { QualityError } from "../core/errors.ts";
import { tempFolder } from "./_test_written_datasets.ts";
import { saveToCsv, saveToParquetArrow } from "./save_frames.ts";

const FRAME = pl.DataFrame({
  timestamp: pl.Series([1_700_000_000_000, 1_700_000_060_000].map((ms) => new Date(ms))),
  price_usd: [37_000.5, null],
  note: ['a "quoted", text', "☃"],
});

Deno.test("saveToCsv() and saveToParquetArrow() save frames that Polars reads back, and replace what is there", async () => {
  await using folder = await tempFolder();
  for (const frame of [FRAME.head(1), FRAME]) {
    const csv = await saveToCsv(frame, `${folder.path}/new/folder`, { filename: "prices.csv" });
    assertEquals(csv, `${folder.path}/new/folder/prices.csv`);
    assertEquals(
      pl.readCSV(csv).select("price_usd", "note").toRecords(),
      frame.select("price_usd", "note").toRecords(),
    );
    const parquet = await saveToParquetArrow(frame, `file://${encodeURI(folder.path)}/new`);
    assertEquals(parquet, `${folder.path}/new/data.parquet`);
    assertEquals(pl.readParquet(parquet).toRecords(), frame.toRecords());
  }
});

Deno.test("saveToCsv() and saveToParquetArrow() refuse paths as names, and frames without columns", async () => {
  await using folder = await tempFolder();
  for (const filename of ["../prices.csv", "a/b.csv", "", ".."]) {
    await assertRejects(
      () => saveToCsv(FRAME, folder.path, { filename }),
      TypeError,
      `Cannot save to "${filename}"`,
    );
  }
  await assertRejects(
    () => saveToParquetArrow(pl.DataFrame({}), folder.path),
    QualityError,
    "has no columns",
  );
});
