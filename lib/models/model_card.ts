/** A card for each model that was compared: what it is, what it was judged on, and what not to use it for. */
import { DATA_WORDS, type DataSource, demoNotice, SOURCE_WORDS } from "./data_source.ts";
import { errorText, forecastDays, type Leaderboard } from "./leaderboard.ts";

/** What a card says of the data. */
export interface CardData {
  source: DataSource;
  /** `BTCUSD`. */
  symbol: string;
  /** First and last day that could be learnt from or forecast, and their number; without the days kept apart. */
  from: string;
  to: string;
  days: number;
  /** SHA-256 of the daily candles as they went in, those of the days kept apart among them. */
  sha256: string;
  /** Prices that were taken for bad prints and winsorised. */
  touched: number;
  /** Days with a candle that have no row: beside holes, at the beginning, and with or beside those of one price only. */
  left_out: number;
  /** Of them those with one price only, which have no volatility. */
  one_price: number;
}

/** How the comparison was run. */
export interface CardRun {
  /** First seed. */
  seed: number;
  refit_every: number;
  /** Rows that are learnt from, the newest; `expanding` is all. */
  window: "expanding" | number;
  /** Rows between the last target that is learnt from and the day that is forecast from. */
  embargo: number;
  /** Days kept away from the comparison, and what came of the look at them; null where none were. */
  holdout: { from: string; to: string; scored: { verdict: string } | null } | null;
  /** The clock of the run, ISO 8601. */
  made_at: string;
}

/** What a model is, in a sentence. */
const KINDS: Readonly<Record<string, string>> = {
  persistence: "Tomorrow is like today.",
  seasonal_naive: "The newest day of the same weekday.",
  zero: "Nothing happens: a return of zero.",
  mean: "The mean of all returns so far.",
  drift: "Today's price and the mean daily change so far.",
  ewma: "The exponentially weighted mean of squared volatility, λ = 0.94 (RiskMetrics 1996).",
  ewma_tuned: "The same, with the λ that was best on inner folds of the days so far.",
  har: "A linear model of the day's, the week's and the month's volatility, by least squares (Corsi 2009).",
  log_har: "The same of logarithms, forecasting the mean.",
  log_har_median: "The same of logarithms, forecasting the median.",
  garch: "GARCH(1,1) of daily returns by maximum likelihood (Bollerslev 1986), scaled to the target.",
  random_forest:
    "A random forest on logarithms of volatility, returns, volume and the weekend (Breiman 2001). It learns the logarithm of volatility, so it forecasts its median, and of a price the way from today's.",
  boosted_trees:
    "Gradient-boosted trees on the same columns and the same target as the forest (Friedman 2001).",
  lstm:
    "Two LSTM layers of 16 units with dropout on the last 30 days of the target (Hochreiter & Schmidhuber 1997); of volatility it sees logarithms and forecasts the median.",
};

/** What a target is for, and how it is measured. */
const TARGET_WORDS: Readonly<Record<string, { use: string; measured: string }>> = {
  volatility: {
    use:
      "Forecasts of the next days' volatility (Parkinson's range) of this market, for risk and for teaching. It says " +
      "nothing of\nthe direction of prices and is no advice to trade.",
    measured: "Volatility is measured by the day's range, a stand-in for what cannot be observed.",
  },
  price: {
    use:
      'Forecasts of the close of this market, to learn whether anything beats "as today". It is no advice to trade.',
    measured: "Errors are in USD, so days of high prices weigh most.",
  },
  return: {
    use:
      'Forecasts of the return of this market, to learn whether anything beats "nothing happens". It is no advice to\n' +
      "trade: costs, taxes and risk are not in it.",
    measured: "Returns are from close to close.",
  },
};

/**
 * Writes the card of one model as Markdown, with the sections of Mitchell et al. (2019, *Model Cards for Model
 * Reporting*). Every number comes from the comparison.
 *
 * @throws {RangeError} where the comparison has no such model.
 */
export function modelCard(
  board: Leaderboard,
  model: string,
  { data, run }: { data: CardData; run: CardRun },
): string {
  const entry = board.models.find((each) => each.model === model);
  if (!entry) {
    throw new RangeError(
      `Cannot write the card of "${model}": it is not among ${
        board.models.map((each) => each.model).join(", ")
      }`,
    );
  }
  const best = board.models.find((each) => each.model === board.best_baseline)!;
  const words = TARGET_WORDS[board.target] ?? { use: `Forecasts of ${board.target}.`, measured: "" };
  const percent = (value: number | null) => value === null ? "–" : `${(100 * value).toFixed(1)} %`;
  const { from, to } = forecastDays(board);
  const { low, high } = entry.mae_interval;
  const coverage = Object.entries(entry.intervals).map(([part, { coverage, width, forecasts }]) =>
    `| ${part} | ${percent(coverage)} | ${width === null ? "–" : errorText(width)} | ${forecasts} |`
  );
  const against = entry === best
    ? "It is the best baseline itself."
    : `Against ${best.model}, the best baseline: ${
      (entry.mae / best.mae).toFixed(3)
    } × its mean absolute error, ` +
      `Diebold–Mariano p = ${entry.dm_p!.toPrecision(2)} (Holm's correction for ${
        board.models.length - 1
      } comparisons), ` +
      `out-of-sample R² ${entry.r2_oos.toFixed(3)}.`;
  return `# ${model}: ${board.target} of ${data.symbol}, ${board.horizon} day${
    board.horizon > 1 ? "s" : ""
  } ahead
${demoNotice(data.source)}
## Model details

${KINDS[model] ?? "A model of a daily series."} ${
    entry.baseline ? "A baseline." : "Not a baseline."
  } Compared on ${run.made_at}.
${
    entry.seeds > 1
      ? `It draws random numbers: ${entry.seeds} runs with seeds ${run.seed} to ${
        run.seed + entry.seeds - 1
      }.`
      : `One run${entry.baseline ? "; it draws no random numbers" : `, seed ${run.seed}`}.`
  }

## Intended use

${words.use}

## Factors

How wild the market is: the intervals below are told apart for the calmest, the middle and the wildest third of the
steps. Other markets and bar lengths were not looked at.

## Metrics

| measure | value |
| --- | --- |
| mean absolute error | ${errorText(entry.mae)} (95 % by block bootstrap: ${errorText(low)} to ${
    errorText(high)
  }) |
${
    entry.mae_std === null
      ? ""
      : `| the same between seeds | ± ${errorText(entry.mae_std)} (standard deviation) |\n`
  }| root mean squared error | ${errorText(entry.rmse)} |
| MASE, RMSSE | ${entry.mase.toFixed(3)}, ${entry.rmsse.toFixed(3)} |
${entry.qlike === null ? "" : `| QLIKE | ${entry.qlike.toFixed(4)} |\n`}| says rightly whether it rises | ${
    percent(entry.direction)
  } |

${against}

| 90 % intervals | held | mean width | forecasts |
| --- | --- | --- | --- |
${coverage.join("\n")}

## Evaluation data

${board.forecasts} forecasts of ${from} to ${to}, each made from what was known ${board.horizon} day${
    board.horizon > 1 ? "s" : ""
  } before. ${
    run.holdout === null
      ? "No final holdout\nwas kept apart."
      : `The days\nfrom ${run.holdout.from} to ${run.holdout.to} were kept apart. ${
        run.holdout.scored?.verdict ?? "Nobody has looked at them in this run."
      }`
  }

## Training data

${data.days} days of ${data.symbol}, ${data.from} to ${data.to}; the candles are those of ${
    SOURCE_WORDS[data.source]
  }, SHA-256 ${data.sha256}. Before each of
${board.folds} stretches of ${run.refit_every} days the model was fitted to ${
    run.window === "expanding" ? "all" : `the ${run.window} newest`
  } targets known ${run.embargo === 0 ? "by then" : `${run.embargo} days before`}. ${data.touched} prices
were taken for bad prints and winsorised; ${data.left_out} days have no whole window before them, or no target, and are left out${
    data.one_price > 0 ? `: ${data.one_price} of them have one price only, so no volatility` : ""
  }.

## Quantitative analyses

${board.verdict}

## Ethical considerations

${DATA_WORDS[data.source]} A forecast that looks surer than it is can cost money: read the intervals.

## Caveats and recommendations

${words.measured} The past of one market is one sample:
a change of its rules or its traders is not in it.${
    entry.fallbacks.length > 0 ? ` Fits that fell back: ${entry.fallbacks.join("; ")}.` : ""
  } Compare again before use: \`deno task leaderboard\`.
`;
}
