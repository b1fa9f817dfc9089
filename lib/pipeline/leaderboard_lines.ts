import { errorText, forecastDays, type Leaderboard } from "../models/leaderboard.ts";

/**
 * A leaderboard for a person, line by line. Columns that say nothing about the target are left out.
 *
 * @param board With seconds, as the command has them.
 */
export function leaderboardLines(board: Leaderboard): string[] {
  const share = (value: number | null) => value === null ? "–" : `${(100 * value).toFixed(1)} %`;
  const table = board.models.map((entry): Record<string, string> => ({
    model: entry.model + (entry.baseline ? "" : " *"),
    MAE: errorText(entry.mae),
    "95 %": `${errorText(entry.mae_interval.low)}–${errorText(entry.mae_interval.high)}`,
    RMSE: errorText(entry.rmse),
    MASE: entry.mase.toFixed(3),
    ...(entry.qlike === null ? {} : { QLIKE: entry.qlike.toFixed(4) }),
    R2oos: entry.r2_oos.toFixed(3),
    p: entry.dm_p === null ? "" : entry.dm_p < 0.001 ? "< 0.001" : entry.dm_p.toFixed(3),
    direction: share(entry.direction),
    "in 90 %": share(entry.intervals.all.coverage),
    seeds: String(entry.seeds),
    s: entry.seconds?.toFixed(1) ?? "",
  }));
  const heads = Object.keys(table[0]!);
  const widths = heads.map((head) => Math.max(head.length, ...table.map((row) => row[head]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
      .trimEnd();
  const fallbacks = board.models.filter(({ fallbacks }) => fallbacks.length > 0)
    .map(({ model, fallbacks }) =>
      `${model}: ${fallbacks[0]}${fallbacks.length > 1 ? `, and ${fallbacks.length - 1} more` : ""}`
    );
  const { from, to } = forecastDays(board);
  const ahead = `${board.horizon} day${board.horizon > 1 ? "s" : ""} ahead`;
  return [
    `${board.target} ${ahead}, ${board.forecasts} forecasts of ${from} to ${to}, models fitted ` +
    `${board.folds} times on what was known`,
    "",
    line(heads),
    line(widths.map((width) => "─".repeat(width))),
    ...table.map((row) => line(heads.map((head) => row[head]!))),
    "",
    `p: Diebold–Mariano against ${board.best_baseline} on absolute errors, corrected for several models (Holm).`,
    ...fallbacks,
    board.verdict,
  ];
}
