import { HOUR_MS, MINUTE_MS } from "../core/time.ts";
import type { SourcesAudit } from "../warehouse/audit_sources.ts";
import { DEFAULT_QUALITY_CONFIG, type QualityConfig } from "./config.ts";
import { type Finding, minuteOf } from "./finding.ts";

/** A lag needs so many common bars to say anything. */
const LEAST_BARS = 20;

/** Judges two sources of the same bars: how far they are apart, and whether one's clock is off. */
export function checkSources(
  audit: SourcesAudit,
  thresholds: QualityConfig["sources"] = DEFAULT_QUALITY_CONFIG.sources,
): Finding[] {
  const { symbol, timeframe, source_a, source_b, common, beyond, examples } = audit;
  const name = `${symbol} ${timeframe} ${source_a} and ${source_b}`;
  const { level, limit_share, difference } = thresholds.disagreement;
  const worst = examples[0];
  return [
    {
      check: `${name}: disagreement`,
      status: common > 0 && beyond / common > limit_share ? level : "pass",
      count: beyond,
      detail: common === 0
        ? "they have no bar in common"
        : `${common} common bars differ by ${percent(audit.median!)} in the middle, ${
          percent(audit.p99!)
        } at the 99 % quantile; ${beyond} by more than ${percent(difference)}${
          worst ? `, the worst ${minuteOf(worst.time)}: ${worst.close_a} and ${worst.close_b}` : ""
        }`,
      ...(examples.length === 0 ? {} : {
        examples: examples.map(({ time, close_a, close_b, log_ratio }) => ({
          at: new Date(time).toISOString(),
          values: { [source_a]: close_a, [source_b]: close_b, log_ratio: Number(log_ratio.toPrecision(4)) },
        })),
      }),
    },
    clockFinding(name, audit, thresholds.shifted_clock),
  ];
}

function clockFinding(
  name: string,
  { lags, source_b }: SourcesAudit,
  { level, better }: QualityConfig["sources"]["shifted_clock"],
): Finding {
  const check = `${name}: shifted clock`;
  const most = lags.reduce((found, { bars }) => Math.max(found, bars), 0);
  // A lag at which few bars meet says nothing: bars of a day meet at whole days only.
  const fits = lags.filter((lag) => lag.bars >= Math.max(LEAST_BARS, most / 2) && lag.median !== null);
  if (fits.length === 0) return { check, status: "pass", count: 0, detail: "too few common bars to tell" };
  const best = fits.reduce((found, lag) => lag.median! < found.median! ? lag : found);
  const asIs = fits.find(({ lag_ms }) => lag_ms === 0);
  const shifted = best.lag_ms !== 0 && (asIs === undefined || best.median! < better * asIs.median!);
  return {
    check,
    status: shifted ? level : "pass",
    count: shifted ? 1 : 0,
    detail: shifted
      ? `${source_b} fits better read ${describeLag(best.lag_ms)}: they differ by ${
        percent(best.median!)
      } in the middle then, ${
        asIs ? `${percent(asIs.median!)} as they are` : "and have hardly a bar in common as they are"
      }`
      : `they fit best as they are, differing by ${percent(best.median!)} in the middle`,
  };
}

function describeLag(ms: number): string {
  const size = Math.abs(ms);
  const length = size % HOUR_MS === 0 ? `${size / HOUR_MS} h` : `${size / MINUTE_MS} min`;
  return `${length} ${ms > 0 ? "later" : "earlier"}`;
}

function percent(log_ratio: number): string {
  return `${Number((100 * Math.expm1(log_ratio)).toPrecision(2))} %`;
}
