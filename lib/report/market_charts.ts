/** Bars over one market snapshot. Names come from outside: they are labels, never markup. */
import type { MarketPriceDoubles } from "../core/rows.ts";
import { Chart } from "./chart.ts";
import { formatChange, formatUsdShort, plainText } from "./format.ts";
import { chartConfig, COLORS, subtitleLines, VEGA_LITE_SCHEMA } from "./spec.ts";

/** How many bars, and how wide. */
export interface BarOptions {
  /** Number of coins. */
  top?: number;
  /** Width of the plot area in pixels; 24 pixels of height a bar. */
  width?: number;
}

/**
 * The coins that rose most in 24 hours; coins that fell are left out.
 *
 * @throws {RangeError} when no coin rose.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const coin = { current_price: 1, market_cap: 1, market_cap_rank: 1, volume_24h: 1, price_change_pct_1h: 0,
 *   price_change_pct_7d: 9, timestamp: 0, source: "demo" };
 * const { spec } = topGainersChart([
 *   { id: "a", symbol: "a", name: "Alpha", price_change_pct_24h: 2.5, ...coin },
 *   { id: "b", symbol: "b", name: "Beta", price_change_pct_24h: -1, ...coin },
 * ]);
 * assertEquals(spec.data.values, [{ coin: "Alpha", value: 2.5, label: "+2.50%" }]);
 * ```
 */
export function topGainersChart(
  rows: readonly MarketPriceDoubles[],
  { top = 10, width = 330 }: BarOptions = {},
): Chart {
  return gainersChart(rows, {
    field: "price_change_pct_24h",
    text: "Top gainers, 24 hours",
    span: "24 hours",
    top,
    width,
  });
}

/**
 * The trending coins: those that rose most in 7 days.
 *
 * @throws {RangeError} when no coin rose.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const coin = { id: "a", symbol: "a", name: "Alpha", current_price: 1, market_cap: 5e9, market_cap_rank: 1,
 *   volume_24h: 1, price_change_pct_1h: 0, price_change_pct_24h: 2, price_change_pct_7d: 9, timestamp: 0, source: "demo" };
 * const { spec } = trendingChart([coin]);
 * assertEquals(spec.data.values, [{ coin: "Alpha", value: 9, label: "+9.00%" }]);
 * ```
 */
export function trendingChart(
  rows: readonly MarketPriceDoubles[],
  { top = 10, width = 330 }: BarOptions = {},
): Chart {
  return gainersChart(rows, {
    field: "price_change_pct_7d",
    text: "Trending, 7 days",
    span: "7 days",
    top,
    width,
  });
}

/**
 * The largest coins by market cap. Bars start at zero on a linear axis: lengths can be compared.
 *
 * @throws {RangeError} when no coin has a market cap.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const coin = { id: "a", symbol: "a", name: "Alpha", current_price: 1, market_cap: 5e9, market_cap_rank: 1,
 *   volume_24h: 1, price_change_pct_1h: 0, price_change_pct_24h: 2, price_change_pct_7d: 9, timestamp: 0, source: "demo" };
 * const { spec } = marketCapChart([coin]);
 * assertEquals(spec.data.values, [{ coin: "Alpha", value: 5e9, label: "$5.00B" }]);
 * ```
 */
export function marketCapChart(
  rows: readonly MarketPriceDoubles[],
  { top = 15, width = 330 }: BarOptions = {},
): Chart {
  const bars = ranked(rows, "market_cap", top);
  const text = `Market cap, ${bars.length} largest coins`;
  const known = rows.filter((row) => (row.market_cap ?? 0) > 0);
  const total = known.reduce((sum, row) => sum + row.market_cap!, 0);
  const shown = bars.reduce((sum, bar) => sum + bar.value, 0);
  return barChart(
    bars.map((bar) => ({
      ...bar,
      value: Number(bar.value.toPrecision(6)),
      label: formatUsdShort(bar.value),
    })),
    {
      text,
      notes: [`${(100 * shown / total).toFixed(0)}% of the total of ${known.length} coins`, "USD"],
      color: COLORS.cap,
      width,
    },
  );
}

function gainersChart(
  rows: readonly MarketPriceDoubles[],
  { field, text, span, top, width }: {
    field: "price_change_pct_24h" | "price_change_pct_7d";
    text: string;
    span: string;
    top: number;
    width: number;
  },
): Chart {
  const bars = ranked(rows, field, top);
  const known = rows.filter((row) => row[field] !== null);
  const rose = known.filter((row) => row[field]! > 0).length;
  return barChart(
    bars.map((bar) => ({ ...bar, value: Number(bar.value.toFixed(2)), label: formatChange(bar.value) })),
    {
      text,
      notes: [`change in ${span}`, `${rose} of ${known.length} coins rose`],
      color: COLORS.gain,
      width,
    },
  );
}

/** The rows with the largest positive values of a column, labels made unique. */
function ranked(
  rows: readonly MarketPriceDoubles[],
  field: "market_cap" | "price_change_pct_24h" | "price_change_pct_7d",
  top: number,
): { coin: string; value: number }[] {
  const best = rows.filter((row) => Number.isFinite(row[field]) && row[field]! > 0)
    .toSorted((a, b) => b[field]! - a[field]! || (a.id < b.id ? -1 : 1)).slice(0, top);
  if (best.length === 0) {
    throw new RangeError(`Cannot draw "${field}": no coin has a value above zero, say so in words instead`);
  }
  const names = best.map((row) => plainText(row.name) || row.id);
  return best.map((row, index) => {
    const name = names[index]!;
    const twin = names.some((other, at) => other === name && at !== index);
    return { coin: twin ? `${name} (${plainText(row.id)})` : name, value: row[field]! };
  });
}

function barChart(
  values: { coin: string; value: number; label: string }[],
  { text, notes, color, width }: { text: string; notes: string[]; color: string; width: number },
): Chart {
  const most = Math.max(...values.map((row) => row.value));
  const room = Math.round(most * (1 + 64 / width) * 1e6) / 1e6; // for the label behind the longest bar
  const y = {
    field: "coin",
    type: "nominal",
    sort: null,
    axis: { title: null, labelLimit: width < 300 ? 118 : 170, labelColor: COLORS.ink, labelFontSize: 12 },
  };
  const x = { field: "value", type: "quantitative", axis: null, scale: { domain: [0, room], nice: false } };
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text, subtitle: subtitleLines(notes, width + 80) },
    description: `${text}: ${values.map((row) => `${row.coin} ${row.label}`).join(", ")}.`,
    width,
    height: values.length * 24,
    background: COLORS.paper,
    config: chartConfig(),
    data: { values },
    layer: [
      { mark: { type: "bar", color, height: 15, cornerRadiusEnd: 2 }, encoding: { x, y } },
      {
        mark: { type: "text", align: "left", dx: 5, color: COLORS.ink, fontSize: 11.5 },
        encoding: { x, y, text: { field: "label", type: "nominal" } },
      },
    ],
  });
}
