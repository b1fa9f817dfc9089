import { assert, assertEquals } from "@std/assert";
import { DAY_MS, HOUR_MS } from "../core/time.ts";
import { LEDGER } from "./_fixtures.ts";
import type { Chart } from "./chart.ts";
import { completenessChart } from "./completeness_chart.ts";
import { monthsChart } from "./months_chart.ts";
import { priceChart } from "./price_chart.ts";
import { printsChart } from "./prints_chart.ts";

const FIRST = Date.UTC(2013, 3, 12);

function prices(days: number, width: number): Chart {
  const rows = Array.from({ length: days }, (_, i) => ({
    day: new Date(FIRST + i * DAY_MS).toISOString().slice(0, 10),
    ...{ avg_price_usd: 10, min_price_usd: 9, max_price_usd: 11 },
  }));
  return priceChart(rows, { width });
}

function months(count: number, width: number): Chart {
  const rows = Array.from({ length: count }, (_, i) => ({
    month: new Date(Date.UTC(2013, 3 + i)).toISOString().slice(0, 7),
    ...{ rows: 30, zero_volume: 0, filled: 0, outliers: 0 },
  }));
  const about = { symbol: "BTCUSD", source: "csv", timeframe: "1d", rows: 30 * count, outlier_rate: 0 };
  return monthsChart({ ...about, from: "2013-04-01", to: "2013-04-01", months: rows }, { width });
}

function prints(hours: number, width: number): Chart {
  const bars = Array.from({ length: 50 }, (_, i) => ({
    time: FIRST + Math.round(i * hours * HOUR_MS / 49),
    ...{ high: 2, low: 1, close: 1.5 },
  }));
  return printsChart(bars, [], { width });
}

function completeness(days: number, width: number): Chart {
  return completenessChart({ ...LEDGER, until_ms: LEDGER.from_ms + days * DAY_MS }, { width });
}

const SPANS: [name: string, chart: (span: number, width: number) => Chart, spans: number[]][] = [
  ["prices of days", prices, [1, 2, 5, 30, 90, 122, 144, 180, 365, 1461, 1600, 2600, 4500]],
  ["months", months, [1, 2, 3, 9, 12, 24, 96, 97, 200]],
  ["prints within hours", prints, [0.05, 1, 20, 37, 48, 72, 2000]],
  ["a ledger of days", completeness, [1, 2, 4, 40, 121, 150, 300, 2000]],
];

for (const [name, chart, spans] of SPANS) {
  Deno.test(`the time axis of ${name} writes no label twice, however long the span`, async () => {
    for (const width of [300, 760, 1040]) {
      for (const span of spans) {
        const svg = await chart(span, width).toSvg();
        const found = svg.matchAll(
          />(\d\d [A-Z][a-z]{2}|(?:\d\d )?(?:[A-Z][a-z]{2} )?\d{4}|\d\d:\d\d)<\/text>/g,
        );
        const labels = [...found].map(([, label]) => label!);
        assertEquals(labels, [...new Set(labels)], `span ${span}, ${width} pixels`);
        assert(labels.length >= (span < 2 && !name.includes("hours") ? 1 : 2), `span ${span}: ${labels}`);
      }
    }
  });
}
