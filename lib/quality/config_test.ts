import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "../core/errors.ts";
import { DEFAULT_QUALITY_CONFIG, readQualityConfig } from "./config.ts";

Deno.test("readQualityConfig() fills in defaults, and takes what its own reports print", () => {
  assertEquals(readQualityConfig("{}"), DEFAULT_QUALITY_CONFIG);
  assertEquals(readQualityConfig(JSON.stringify(DEFAULT_QUALITY_CONFIG)), DEFAULT_QUALITY_CONFIG);
  const config = readQualityConfig('{"series":{"gaps":{"level":"fail"}},"examples":3}');
  assertEquals([config.series.gaps, config.examples], [
    { ...DEFAULT_QUALITY_CONFIG.series.gaps, level: "fail" },
    3,
  ]);
});

const REFUSED: [text: string, words: string][] = [
  ["{", "it is not JSON"],
  ["[]", '"the whole" is not usable'],
  ['{"serie":{}}', 'there is no setting "serie"'],
  ['{"series":{"outlier":{}}}', 'there is no setting "series.outlier"'],
  ['{"series":{"outliers":{"robust_z":"8"}}}', '"series.outliers.robust_z" is not usable'],
  ['{"series":{"outliers":{"neighbours":2,"within":5}}}', '"series.outliers.within" is not usable'],
  ['{"series":{"outliers":{"returned":0}}}', '"series.outliers.returned" is not usable'],
  ['{"series":{"nulls":{"level":"panic"}}}', '"series.nulls.level" is not usable'],
  ['{"series":{"nulls":{"limit":-1}}}', '"series.nulls.limit" is not usable'],
  ['{"snapshot":{"freshness":{"limit_hours":0}}}', '"snapshot.freshness.limit_hours" is not usable'],
  ['{"contract":{"candles":{"columns":"keep"}}}', '"contract.candles.columns" is not usable'],
  ['{"contract":{"candles":{"data_type":"discard_value"}}}', "choose freeze or discard_row"],
  ['{"contract":{"ticks":{}}}', 'there is no setting "contract.ticks"'],
  ['{"sources":null}', '"sources" is not usable'],
];

Deno.test("readQualityConfig() names the key that it cannot use", () => {
  for (const [text, words] of REFUSED) {
    const error = assertThrows(() => readQualityConfig(text), ConfigError);
    assertStringIncludes(error.message, 'Cannot read "_quality.json"', text);
    assertStringIncludes(error.message, words, text);
  }
});
