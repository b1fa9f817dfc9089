import type { TargetRows } from "../../features/target_rows.ts";

/** What to say of the candles that rows were made from: prices that stand in for others, and days that are left out. */
export function candleNotes({ touched, one_price }: TargetRows): string[] {
  const prints = touched.map(({ day, column, was, now }) =>
    `${day}: a ${column} of ${was} counts as a bad print, ${now} stands in for it`
  );
  if (one_price.length === 0) return prints;
  const some = one_price.slice(0, 3).join(", ") + (one_price.length > 3 ? ", …" : "");
  const many = one_price.length > 1;
  return [
    ...prints,
    `${one_price.length} day${many ? "s" : ""} with one price only (${some}) ${
      many ? "have" : "has"
    } no volatility: ` +
    `left out, with the days in whose windows ${many ? "they lie" : "it lies"}`,
  ];
}
