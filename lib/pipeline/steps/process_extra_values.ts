/** Values in further columns of candle files, where the contract said `evolve` when the file came in. */
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { ExtraValue } from "../../core/contract.ts";
import { extraValuesKey } from "../../lake/keys.ts";
import { fingerprint, isDone, writeRecord } from "../../lake/ledger.ts";
import { LineFile } from "../../lake/line_file.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { explainWriteError } from "../../lake/store_local.ts";
import { furtherValues } from "../../sources/candle_contract.ts";
import { readCandleFile } from "../../sources/candle_layout_file.ts";
import { cleanCandles, inspectCandles, timeOfCell } from "../../sources/candles_csv.ts";
import type { CandleRecord } from "../../warehouse/candle_records.ts";
import type { RunContext } from "../context.ts";
import { doneBefore, type Part } from "./process_part.ts";

/** Raise this when the rows change. */
const VERSION = 1;

/** Makes `extra_values` of each file that has any; null where none has. */
export async function processExtraValues(context: RunContext): Promise<Part | null> {
  const { store } = context;
  const records = (await context.candleRecords()).filter(({ contract, further }) =>
    contract === "evolve" && further.length > 0
  );
  if (records.length === 0) return null;
  const outputs: ObjectHash[] = [];
  let fresh = 0, values = 0;
  for (const record of records) {
    const unit = `process/extra_values/${record.sha256.slice(0, 16)}`;
    const inputs = fingerprint([VERSION, record.sha256, record.further.map(({ name, at }) => [name, at])]);
    if (await isDone(store, unit, inputs)) continue;
    const made = await writeValues(store, record);
    const written = await writeRecord(store, unit, { fingerprint: inputs, outputs: made.keys, notes: {} });
    outputs.push(...written.outputs);
    fresh += 1;
    values += made.values;
  }
  if (fresh === 0) return doneBefore(`further values of ${records.length} candle files were kept before`);
  const detail = `${values} values in further columns of ${fresh} candle files`;
  return { done: false, rows_in: values, rows_out: values, detail, outputs };
}

/** An object a year, through files: a long history with many columns does not fit into memory. */
async function writeValues(
  store: ObjectStore,
  record: CandleRecord,
): Promise<{ keys: string[]; values: number }> {
  const scratch = await store.scratch();
  const { symbol, source, original, key } = record;
  const files = new Map<number, LineFile>();
  const keys: string[] = [];
  let values = 0;
  const write = (time: number, value: Pick<ExtraValue, "column_name" | "value">) => {
    const year = new Date(time).getUTCFullYear();
    const file = files.get(year) ?? new LineFile(`${scratch}/extra-${year}.ndjson`);
    files.set(year, file);
    const row: ExtraValue = { id: symbol, source, timestamp_ms: time, ...value, origin: original ?? key };
    file.write(`${JSON.stringify(row)}\n`);
    values += 1;
  };
  try {
    await (original === undefined ? readOwn : readOriginal)(store, record, write);
    for (const [year, file] of [...files].sort(([a], [b]) => a - b)) {
      file.close();
      const packed = `${file.path}.gz`;
      await pipeline(createReadStream(file.path), createGzip(), createWriteStream(packed));
      const object = extraValuesKey("candles", year, record.sha256.slice(0, 16));
      await store.putFile(object, packed);
      keys.push(object);
    }
  } catch (error) {
    throw /\(os error \d+\)|ENOSPC/.test(String(error)) ? explainWriteError(scratch, error) : error;
  } finally {
    for (const file of files.values()) await file.remove();
  }
  return { keys, values };
}

type WriteValue = (time: number, value: Pick<ExtraValue, "column_name" | "value">) => void;

async function readOwn(
  store: ObjectStore,
  { key, timeframe, to_ms, further }: CandleRecord,
  write: WriteValue,
): Promise<void> {
  const file = await inspectCandles(await store.localPath(key), { timeframe });
  const timeAt = file.columns.indexOf("time");
  await cleanCandles(file, {
    cleanPath: null,
    latestMs: to_ms,
    check(cells) {
      for (const value of furtherValues(cells, further)) write(timeOfCell(cells[timeAt]!), value);
      return null;
    },
  });
}

async function readOriginal(
  store: ObjectStore,
  { original, layout, timezone, to_ms }: CandleRecord,
  write: WriteValue,
): Promise<void> {
  const options = { layout, timezone, latestMs: to_ms, columns: "evolve" } as const;
  for await (const { further } of readCandleFile(await store.localPath(original!), options)) {
    for (const { time, ...value } of further) write(time, value);
  }
}
