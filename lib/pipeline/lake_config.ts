/** A lake's own settings: `_quality.json`, or the defaults where it has none. */
import type { ObjectStore } from "../lake/store.ts";
import {
  DEFAULT_QUALITY_CONFIG,
  QUALITY_CONFIG_KEY,
  type QualityConfig,
  readQualityConfig,
} from "../quality/config.ts";

/**
 * Thresholds of the checks, and the contract with what comes in.
 *
 * @throws {ConfigError} where `_quality.json` cannot be used.
 */
export async function lakeConfig(store: ObjectStore): Promise<QualityConfig> {
  const bytes = await store.get(QUALITY_CONFIG_KEY);
  return bytes ? readQualityConfig(new TextDecoder().decode(bytes)) : DEFAULT_QUALITY_CONFIG;
}
