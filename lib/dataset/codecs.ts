/**
 * How a field's values lie in Parquet: as they are ({@linkcode ScalarCodec}, or no codec), or as bytes that only the
 * schema explains. The names are Petastorm's.
 */

/** Spark's types without parameters, under their class names. */
export const SPARK_TYPES = [
  "ByteType",
  "ShortType",
  "IntegerType",
  "LongType",
  "FloatType",
  "DoubleType",
  "BooleanType",
  "StringType",
  "BinaryType",
  "DateType",
  "TimestampType",
] as const;

/** Spark's `DecimalType`. */
export interface DecimalSparkType {
  /** Digits in all, up to 38. */
  readonly precision: number;
  /** Digits after the point. */
  readonly scale: number;
}

/** The type in which Spark, and so Parquet, keeps a scalar. */
export type SparkType = (typeof SPARK_TYPES)[number] | DecimalSparkType;

/**
 * A single value, kept as a Spark type.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(new ScalarCodec("LongType").kind, "scalar");
 * assertEquals(new ScalarCodec({ precision: 10, scale: 2 }).sparkType, { precision: 10, scale: 2 });
 * ```
 */
export class ScalarCodec {
  readonly kind = "scalar";
  constructor(readonly sparkType: SparkType) {
    if (typeof sparkType !== "string") {
      const { precision, scale } = sparkType;
      const whole = Number.isInteger(precision) && Number.isInteger(scale);
      if (!whole || precision < 1 || precision > 38 || scale < 0 || scale > precision) {
        throw new RangeError(
          `Cannot use decimal(${precision}, ${scale}): precision is 1 to 38, and scale 0 to precision`,
        );
      }
    }
  }
}

/** An array, kept as the bytes of numpy's `.npy` file. */
export class NdarrayCodec {
  readonly kind = "ndarray";
}

/** An array, kept as the bytes of numpy's compressed `.npz` file. */
export class CompressedNdarrayCodec {
  readonly kind = "compressed_ndarray";
}

/** A picture of shape (height, width) or (height, width, 3), kept as the bytes of an image file. */
export class CompressedImageCodec {
  readonly kind = "compressed_image";
  /** @param quality For JPEG only; PNG loses nothing. */
  constructor(readonly format: "png" | "jpeg" = "png", readonly quality: number = 80) {
    if (!Number.isInteger(quality) || quality < 0 || quality > 100) {
      throw new RangeError(`Cannot use picture quality ${quality}: use a whole number from 0 to 100`);
    }
  }
}

/** One of Petastorm's codecs. */
export type Codec = ScalarCodec | NdarrayCodec | CompressedNdarrayCodec | CompressedImageCodec;
