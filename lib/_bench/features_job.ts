/**
 * The job that is timed against Python Polars (`features_polars.py`): minutes from a Parquet file into days with the
 * catalogue's features and realised volatility. Prints seconds after the file was read, and a checksum.
 *
 * Arguments: FILE.
 */
import pl from "nodejs-polars";
import { featureCatalogue, withFeatures } from "../features/feature_catalogue.ts";
import { soundBars } from "../features/ohlcv_frame.ts";
import { realisedVolatility } from "../features/realised_volatility.ts";
import { resampleBars } from "../features/resample.ts";

const minutes = pl.readParquet(Deno.args[0]!);
const start = performance.now();
const bars = soundBars(minutes);
const daily = withFeatures(resampleBars(bars, "1d"), featureCatalogue())
  .join(realisedVolatility(bars), { on: "timestamp", how: "left" });
const seconds = (performance.now() - start) / 1000;
const sums = ["volatility_30", "parkinson_mean_7", "drawdown_30", "realised_volatility"]
  .map((name) => daily.getColumn(name).sum());
console.log(JSON.stringify({ seconds, days: daily.height, sums }));
