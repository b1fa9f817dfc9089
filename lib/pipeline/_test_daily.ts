/** For tests: files of candles. */
import { fillGaussian } from "../sources/demo_rng.ts";

/** Daily candles with clustered volatility. */
export function daily(count: number): string {
  const noise = fillGaussian({ seed: 9, purpose: 7005, series: 0, index: 0 }, new Float64Array(2 * count));
  let price = 1000, level = 0;
  const lines = Array.from({ length: count }, (_, i) => {
    level = 0.95 * level + 0.2 * noise[2 * i]!;
    const open = price, close = open * Math.exp(0.02 * Math.exp(level) * noise[2 * i + 1]!);
    const reach = Math.exp(0.02 * Math.exp(level));
    price = close;
    return [
      Date.UTC(2020, 0, 1 + i),
      open,
      close,
      Math.max(open, close) * reach,
      Math.min(open, close) / reach,
      10 + i % 7,
    ].join();
  });
  return `time,open,close,high,low,volume\n${lines.join("\n")}\n`;
}

/** Minutes of so many days, each 0.1 % above or below the one before. */
export function minutesOf(days: number): string {
  const noise = fillGaussian({ seed: 9, purpose: 7007, series: 0, index: 0 }, new Float64Array(days * 1440));
  let price = 1000;
  const lines = Array.from(noise, (z, minute) => {
    const open = price;
    price *= Math.exp(0.001 * Math.sign(z));
    return [
      Date.UTC(2020, 0, 1, 0, minute),
      open,
      price,
      Math.max(open, price),
      Math.min(open, price),
      10 + minute % 7,
    ].join();
  });
  return `time,open,close,high,low,volume\n${lines.join("\n")}\n`;
}
