/**
 * Proof that real Petastorm and pyarrow read what `materializeDataset` writes: datasets of every kind of field, and of
 * random schemas, are written here and read there, and each value is compared. It needs a Python with Petastorm:
 *
 * ```sh
 * python3.11 -m venv venv
 * venv/bin/pip install -r lib/_tools/petastorm_requirements.txt
 * LAKEBOOK_PETASTORM_PYTHON=venv/bin/python deno task proof:petastorm
 * ```
 *
 * pyarrow 15 and later lack the class that Petastorm reads datasets with; Petastorm has had no release since.
 */
import fc from "fast-check";
import { anyRows } from "../dataset/_test_schemas.ts";
import {
  BitcoinSchema,
  CompressedImageCodec,
  CompressedNdarrayCodec,
  type DatasetRow,
  type FieldValue,
  materializeDataset,
  type MaterializeOptions,
  NdarrayCodec,
  ScalarCodec,
  Unischema,
  UnischemaField,
} from "../dataset/mod.ts";

interface Case {
  name: string;
  schema: Unischema;
  rows: DatasetRow[];
  options: MaterializeOptions;
}

const EVERYTHING = new Unischema("Everything", [
  new UnischemaField("id", "int64", { codec: new ScalarCodec("LongType") }),
  new UnischemaField("symbol", "str", { codec: new ScalarCodec("StringType") }),
  new UnischemaField("year", "int32", { codec: new ScalarCodec("IntegerType") }),
  new UnischemaField("matrix", "float32", { shape: [2, null], codec: new NdarrayCodec() }),
  new UnischemaField("zipped", "uint16", {
    shape: [null],
    codec: new CompressedNdarrayCodec(),
    nullable: true,
  }),
  new UnischemaField("image", "uint8", { shape: [null, null, 3], codec: new CompressedImageCodec("png") }),
  new UnischemaField("amount", "decimal", { codec: new ScalarCodec({ precision: 10, scale: 2 }) }),
  new UnischemaField("flag", "bool", { nullable: true }),
  new UnischemaField("list", "int64", { shape: [null] }),
  new UnischemaField("words", "str", { shape: [null], codec: new NdarrayCodec() }),
  new UnischemaField("note", "str", { codec: new ScalarCodec("StringType"), nullable: true }),
]);

function everythingRow(i: number): DatasetRow {
  return {
    id: BigInt(i),
    symbol: i % 2 ? "BTC" : "ETH",
    year: 2020 + i % 3,
    matrix: { dtype: "float32", shape: [2, 2], data: Float32Array.of(i, 1, 2, 3) },
    zipped: i % 3 ? { dtype: "uint16", shape: [2], data: Uint16Array.of(1, i) } : null,
    image: { dtype: "uint8", shape: [2, 2, 3], data: Uint8Array.from({ length: 12 }, (_, k) => k * i % 256) },
    amount: `${i}.50`,
    flag: i % 5 ? i % 2 === 0 : null,
    list: { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, BigInt(i)) },
    words: { dtype: "str", shape: [2], data: ["a", `☃${i}`] },
    note: i % 4 ? `note ${i} ☃` : null,
  };
}

/**
 * Whether Petastorm can read a field at all. It goes through pandas, which has no null among numbers and times, and its
 * batch reader wants lists of one length. (`EVERYTHING` has a list of one length, and nulls among truths and texts.)
 */
function isReadable({ dtype, shape, codec, nullable }: UnischemaField): boolean {
  if (codec !== null && codec.kind !== "scalar") return true;
  return shape.length === 0 && !(nullable && /int|float|datetime/.test(dtype));
}

function cases(random: number): Case[] {
  const prices = Array.from(
    { length: 10_000 },
    (_, i) => ({ timestamp: BigInt(60 * i), price: 40_000 + i / 4 }),
  );
  const names = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(..."abcxyz019") }).map((name) =>
    `f${name}`
  );
  return [
    { name: "prices", schema: BitcoinSchema, rows: prices, options: { rowGroupRows: 700, files: 4 } },
    {
      name: "everything",
      schema: EVERYTHING,
      rows: Array.from({ length: 60 }, (_, i) => everythingRow(i)),
      options: { rowGroupRows: 7, partitionBy: ["symbol", "year"], files: 2 },
    },
    ...fc.sample(anyRows({ maxRows: 20, names, fields: isReadable }), { seed: 1, numRuns: random }).map((
      { schema, rows },
      i,
    ) => ({
      name: `random ${i}`,
      schema,
      rows,
      options: { rowGroupRows: 1 + i % 9, files: 1 + i % 3 },
    })),
  ];
}

/** A value in the words of `petastorm_proof.py`. */
function plain(value: FieldValue, dtype: string): unknown {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number" && dtype.startsWith("float")) {
    return Number.isNaN(value) ? "nan" : `f${hex(new Uint8Array(Float64Array.of(value).buffer))}`;
  }
  if (value instanceof Uint8Array) return `b${hex(value)}`;
  if (value instanceof Date) return `t${BigInt(value.getTime()) * 1000n}`;
  if (typeof value !== "object") return String(value);
  const data = Array.from<FieldValue, unknown>(
    value.data as Iterable<FieldValue>,
    (item) => plain(dtype === "bool" ? item === 1 : item, dtype),
  );
  return { dtype: value.dtype, shape: value.shape, data };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What Petastorm and pyarrow found, or why they did not. */
interface Found {
  error?: string;
  rows: Record<string, unknown>[];
  columns: Record<string, unknown[]>;
  summary: {
    rows: number;
    same_as_in_parts: boolean;
    rows_listed: number;
    rows_in_folder: number;
    row_groups_of_files: Record<string, number>;
  };
}

/** Lines of a running Python, one for each that it is given. */
class Python {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;

  constructor(python: string) {
    const args = [new URL("./petastorm_proof.py", import.meta.url).pathname];
    this.#child = new Deno.Command(python, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = lines(this.#child.stdout);
  }

  async next<T>(): Promise<T> {
    // Petastorm prints words of its own between the answers.
    while (true) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("Cannot go on: Python ended, run petastorm_proof.py by hand to see why");
      if (value.startsWith("{")) return JSON.parse(value);
    }
  }

  async ask<T>(line: string): Promise<T> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
    return await this.next<T>();
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (
    const text of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
  ) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

/** What differs, in words; nothing where all is equal. */
function differences({ schema, rows, options }: Case, parts: Record<string, number>, found: Found): string[] {
  if (found.error !== undefined) return [found.error];
  const fields = [...schema.fields.values()];
  const expected = rows.map((row) =>
    Object.fromEntries(fields.map(({ name, dtype }) => [name, plain(row[name] ?? null, dtype)]))
  );
  const sorted = (items: unknown[]) => items.map((item) => JSON.stringify(item)).sort();
  const ordered = (items: unknown[]) =>
    options.partitionBy ? sorted(items) : items.map((item) => JSON.stringify(item));
  const inOrder = (row: Record<string, unknown>) =>
    Object.fromEntries(fields.map(({ name }) => [name, row[name]]));
  const wrong: string[] = [];
  const compare = (what: string, actual: unknown, wanted: unknown) => {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
    if (a !== b) wrong.push(`${what}: ${a?.slice(0, 300)} instead of ${b?.slice(0, 300)}`);
  };
  compare("make_reader", ordered(found.rows.map(inOrder)), ordered(expected));
  for (const { name, codec, shape, nullable } of fields) {
    const plainColumn = (!codec || codec.kind === "scalar") && shape.length === 0 && !nullable;
    const column = found.columns[name] ?? [];
    if (plainColumn) {
      compare(
        `make_batch_reader ${name}`,
        ordered(column),
        ordered(expected.map((row) => row[name])),
      );
    } else compare(`make_batch_reader ${name}`, column.length, rows.length);
  }
  const { summary } = found;
  compare("pyarrow", [summary.rows, summary.rows_listed, summary.rows_in_folder], Array(3).fill(rows.length));
  compare("pyarrow, _metadata beside the parts", summary.same_as_in_parts, true);
  compare("pyarrow, row groups", summary.row_groups_of_files, parts);
  return wrong;
}

async function main(python: string): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "lakebook_proof_" });
  const reader = new Python(python);
  const failed: string[] = [];
  const all = cases(Number(Deno.args[0] ?? 40));
  try {
    console.log(`Read by ${JSON.stringify(await reader.next())}`);
    for (const [i, one] of all.entries()) {
      const path = `${folder}/${i}`;
      const { parts } = await materializeDataset(path, one.schema, one.rows, one.options);
      const groups = Object.fromEntries(parts.map(({ key, rowGroups }) => [key, rowGroups]));
      const wrong = differences(one, groups, await reader.ask<Found>(path));
      if (wrong.length > 0) failed.push(one.name);
      for (const words of wrong) console.log(`${one.name}: ${words}`);
      if (wrong.length > 0) console.log(JSON.stringify(one.schema));
    }
  } finally {
    await reader.close();
    await Deno.remove(folder, { recursive: true });
  }
  const rows = all.reduce((sum, { rows }) => sum + rows.length, 0);
  console.log(
    `${all.length - failed.length} of ${all.length} datasets are read as they were written (${rows} rows)`,
  );
  return failed.length;
}

if (import.meta.main) {
  const python = Deno.env.get("LAKEBOOK_PETASTORM_PYTHON");
  if (!python) console.log("skipped: LAKEBOOK_PETASTORM_PYTHON names no Python with Petastorm");
  else Deno.exit(await main(python) > 0 ? 1 : 0);
}
