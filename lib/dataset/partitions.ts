/** Folders that carry a column's value in their name, as Hive and Spark name them: `symbol=BTCUSD/year=2017`. */
import { QualityError } from "../core/errors.ts";
import type { FieldValue } from "./field_values.ts";
import type { Unischema } from "./unischema.ts";

// What Hive escapes, and, for folders that a person copies to other systems, all that some system refuses.
// deno-lint-ignore no-control-regex
const ESCAPED = /[\x00-\x1f"#%'*/:=?\\\x7f{}[\]^<>|]/g;

/**
 * The folder of a row's partition, with its slash; empty without partitions.
 *
 * @throws {QualityError} where a value is null or an empty text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(partitionFolder(["symbol", "year"], { symbol: "BTC/USD", year: 2017 }), "symbol=BTC%2FUSD/year=2017/");
 * ```
 */
export function partitionFolder(names: readonly string[], row: Readonly<Record<string, FieldValue>>): string {
  return names.map((name) => {
    const value = row[name];
    if (value === null || value === undefined || value === "") {
      throw new QualityError(
        `Cannot partition by "${name}": a row has no value there, fill it in or partition by another field`,
      );
    }
    const escaped = String(value).replace(
      ESCAPED,
      (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    );
    return `${name}=${escaped}/`;
  }).join("");
}

/**
 * The values in a key's folders, as text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(partitionValues("symbol=BTC%2FUSD/year=2017/part-0.parquet"), { symbol: "BTC/USD", year: "2017" });
 * ```
 */
export function partitionValues(key: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const folder of key.split("/").slice(0, -1)) {
    const equals = folder.indexOf("=");
    if (equals > 0) values[folder.slice(0, equals)] = unescaped(folder.slice(equals + 1));
  }
  return values;
}

function unescaped(text: string): string {
  return text.replace(/(%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = Uint8Array.from(run.slice(1).split("%"), (hex) => parseInt(hex, 16));
    return new TextDecoder().decode(bytes);
  });
}

/**
 * Makes sure that fields can name folders: single values of text or whole numbers, and not all of the fields.
 *
 * @throws {TypeError} where one cannot.
 */
export function checkPartitionFields(schema: Unischema, names: readonly string[]): void {
  for (const name of names) {
    const field = schema.fields.get(name);
    if (!field) {
      throw new TypeError(`Cannot partition by "${name}": schema "${schema.name}" has no such field`);
    }
    if (field.shape.length > 0 || !(field.dtype === "str" || /^u?int/.test(field.dtype))) {
      throw new TypeError(
        `Cannot partition by "${name}": it is ${field.dtype}, use a field of text or whole numbers`,
      );
    }
  }
  if (new Set(names).size !== names.length) {
    throw new TypeError(`Cannot partition by ${names.join(", ")}: a field is named twice`);
  }
  if (names.length === schema.fields.size) {
    throw new TypeError(
      `Cannot partition by ${names.join(", ")}: no field would be left in the files, partition by fewer`,
    );
  }
}
