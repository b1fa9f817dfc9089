import * as tf from "@tensorflow/tfjs";
import { FusedDropout } from "./fused_dropout.ts";
import { FusedLstm } from "./fused_lstm.ts";

/**
 * Lets `tf.loadLayersModel` make fused layers for the LSTM and Dropout layers of a saved model, in the whole
 * process, until the result is disposed of.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { assertEquals } from "@std/assert";
 * using _fused = registerFusedLayers();
 * const { classNameMap } = tf.serialization.SerializationMap.getMap();
 * assertEquals([classNameMap["LSTM"]![0].name, classNameMap["Dropout"]![0].name], ["FusedLstm", "FusedDropout"]);
 * ```
 */
export function registerFusedLayers(): Disposable {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const before = { ...classNameMap };
  tf.serialization.registerClass(FusedLstm as unknown as SerializableClass);
  tf.serialization.registerClass(FusedDropout as unknown as SerializableClass);
  return {
    [Symbol.dispose]() {
      for (const name of ["LSTM", "Dropout"]) classNameMap[name] = before[name]!;
    },
  };
}

type SerializableClass = Parameters<typeof tf.serialization.registerClass>[0];
