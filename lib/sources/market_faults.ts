/**
 * Fault plans: which calls to the served market go wrong, and how. A plan is plain JSON that a person can read, and
 * the same plan, seed and calls give the same faults.
 *
 * @module
 */
import { z } from "zod";
import { MARKET_COLUMNS, MARKET_PATHS, overlap, ROW_PATHS } from "./market_faults_paths.ts";

const SHARE = z.number().min(0).max(1);
const COUNT = z.int().min(1).max(250);
const CALL = z.int().min(1);
const COLUMN = z.string().regex(/^[a-z][a-z0-9_]*$/, "it is not the name of a column, such as current_price");
const NUMBER_COLUMN = z.enum(MARKET_COLUMNS.numbers);

/** What every rule has: the calls that it is about. */
const MATCH = {
  /** A path without `/api/v3`, `*` standing for one part of it; `*` alone for every path. */
  path: z.string().default("*"),
  /** Numbers of calls, counted from 1 among the calls that this rule is about. */
  calls: z.union([z.array(CALL).min(1), z.strictObject({ from: CALL, to: CALL.optional() })]).optional(),
  /** The probability with which one of those calls is hit, drawn from the plan's seed. */
  share: SHARE.optional(),
};

function rule<Kind extends string, Options extends z.ZodRawShape>(fault: Kind, options: Options) {
  return z.strictObject({ ...MATCH, fault: z.literal(fault), ...options });
}

const RULE = z.discriminatedUnion("fault", [
  rule("rate_limit", {
    retry_after_s: z.int().min(0).optional(),
    retry_after_as: z.enum(["seconds", "date"]).default("seconds"),
    body: z.enum(["json", "throttled"]).default("json"),
  }),
  rule("server_error", { status: z.literal([500, 502, 503, 504]).default(503) }),
  rule("teapot", {}),
  rule("bad_key", { code: z.literal([10002, 10005, 10010, 10011]).default(10002) }),
  rule("forbidden", {}),
  rule("redirect", {
    status: z.literal([301, 302, 307, 308]).default(302),
    to: z.string().regex(
      /^(\/(?!\/)|https?:\/\/)[\x21-\x7e]*$/,
      "it is neither a path nor an http(s) address",
    )
      .default("/moved"),
  }),
  rule("reset", {}),
  rule("reset_mid_body", { at: SHARE.default(0.5) }),
  rule("slow_drip", { bytes_per_s: z.int().min(1).max(1_000_000_000).default(1000) }),
  rule("hang", { for_s: z.number().positive().max(86_400).default(3600) }),
  rule("wrong_clock", { by_s: z.int().min(-1e9).max(1e9).default(86_400) }),
  rule("html_200", {}),
  rule("throttled_200", {}),
  rule("empty_body", {}),
  rule("null_body", {}),
  rule("zero_coins", {}),
  rule("bom", {}),
  rule("cut_json", { at: SHARE.default(0.5) }),
  rule("not_json", { column: NUMBER_COLUMN.default("current_price") }),
  rule("huge_number", { column: NUMBER_COLUMN.default("current_price") }),
  rule("big_market_cap", {}),
  rule("numbers_as_text", { field_share: SHARE.default(0.02) }),
  rule("null_fields", { field_share: SHARE.default(0.02) }),
  rule("all_null_coin", { coins: COUNT.default(1) }),
  rule("duplicates", { coins: COUNT.default(3), conflicting: z.boolean().default(false) }),
  rule("missing_ids", { coins: COUNT.default(3) }),
  rule("out_of_order", {}),
  rule("drift", {
    change: z.enum([
      "column_added",
      "column_removed",
      "column_renamed",
      "int_to_float",
      "to_string",
      "nested",
      "case_change",
    ]),
    column: COLUMN.optional(),
    to: COLUMN.optional(),
  }),
]);

/** One rule: a fault, its options, and the calls that it is about. */
export type FaultRule = z.output<typeof RULE>;
/** Name of a kind of fault. */
export type FaultKind = FaultRule["fault"];

const PLAN = z.strictObject({
  about: z.string().optional(),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  rules: z.array(RULE).max(10_000),
});

/** A plan as a person writes it: what has a default may be left out. */
export type FaultPlan = z.input<typeof PLAN>;
/** A plan with all defaults filled in. */
export type ReadFaultPlan = z.output<typeof PLAN>;

/** Each kind with a sentence; kinds that change records touch the paths that have some. */
const KNOWN: Readonly<Record<FaultKind, { says: string; paths?: readonly string[] }>> = {
  rate_limit: {
    says: "429 with Retry-After in seconds (retry_after_s), as a date (retry_after_as: date) or without; " +
      "body: json or throttled",
  },
  server_error: { says: "status 500 (JSON), 502, 503 or 504 (a proxy's HTML page)" },
  teapot: { says: "status 418, with which some exchanges announce a ban" },
  bad_key: { says: "a refused key: code 10002, 10005 (status 401), 10010 or 10011 (status 400)" },
  forbidden: { says: "status 403 with the firewall's HTML page, error 1020" },
  redirect: { says: "status 301, 302, 307 or 308 to another place (to)" },
  reset: { says: "the connection is cut before the first byte of an answer" },
  reset_mid_body: { says: "the connection is cut after a share of the body (at)" },
  slow_drip: { says: "the body comes at bytes_per_s" },
  hang: { says: "no answer for for_s seconds, then the connection is cut" },
  wrong_clock: { says: "the Date header is off by by_s seconds, a day unless said otherwise" },
  html_200: { says: "an HTML page with status 200" },
  throttled_200: { says: 'the word "Throttled" as plain text with status 200' },
  empty_body: { says: "status 200 and no body at all" },
  null_body: { says: "status 200 and the body null" },
  zero_coins: { says: "status 200 and no rows: [] for a market page", paths: MARKET_PATHS.slice(1) },
  bom: { says: "a byte order mark before the JSON" },
  cut_json: { says: "JSON that ends after a share of its bytes (at), with a Content-Length that agrees" },
  not_json: { says: "one number is NaN, which JSON does not have", paths: ROW_PATHS },
  huge_number: { says: "one number is 1e400, which reads as infinite", paths: ROW_PATHS },
  big_market_cap: {
    says: "one market cap is 9007199254740993, 2^53 + 1, which a double cannot hold",
    paths: ["/coins/markets"],
  },
  numbers_as_text: { says: "a share of the numbers (field_share) stands in quotes", paths: ROW_PATHS },
  null_fields: { says: "a share of the values (field_share) is null", paths: ROW_PATHS },
  all_null_coin: { says: "coins of which everything but the name is null", paths: ["/coins/markets"] },
  duplicates: {
    says: "rows that come twice, the second time with another value where conflicting",
    paths: ROW_PATHS,
  },
  missing_ids: { says: "coins whose id is absent, null or empty", paths: ["/coins/markets"] },
  out_of_order: { says: "the rows in another order", paths: ROW_PATHS },
  drift: {
    says: "another schema (change): column_added, column_removed, column_renamed, int_to_float, to_string, " +
      "nested, case_change; column and to name the columns",
    paths: ["/coins/markets"],
  },
};

const KINDS = Object.keys(KNOWN) as FaultKind[];

/** The paths that a kind can change, undefined for all. */
export function changedPaths(fault: FaultKind): readonly string[] | undefined {
  return KNOWN[fault].paths;
}

/** All kinds of faults, a sentence each, and the paths that they can change. */
export const FAULTS: readonly { fault: FaultKind; says: string; paths: readonly string[] }[] = KINDS.map(
  (fault) => ({ fault, says: KNOWN[fault].says, paths: KNOWN[fault].paths ?? ["*"] }),
);

/**
 * Reads a plan and fills in its defaults.
 *
 * @throws {TypeError} that names the first part of the plan that cannot be used, and why: an unknown kind or option, a
 * path that the market does not serve, or a rule that could never do anything.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const plan = readFaultPlan({ rules: [{ path: "/coins/markets", fault: "server_error", calls: [1, 2] }] });
 * assertEquals(plan.rules[0], { path: "/coins/markets", fault: "server_error", calls: [1, 2], status: 503 });
 * assertThrows(
 *   () => readFaultPlan({ rules: [{ fault: "drift", change: "nested", path: "/ping" }] }),
 *   TypeError,
 *   "rules[0].path: drift changes /coins/markets only",
 * );
 * ```
 */
export function readFaultPlan(value: unknown): ReadFaultPlan {
  const parsed = PLAN.safeParse(value);
  if (!parsed.success) {
    const { code, path, message } = parsed.error.issues[0]!;
    const unknown = code === "invalid_union" && path.at(-1) === "fault";
    throw badPlan(path, unknown ? `it is no kind of fault, choose among ${KINDS.join(", ")}` : message);
  }
  for (const [number, rule] of parsed.data.rules.entries()) {
    const served = MARKET_PATHS.filter((path) => overlap(rule.path, path));
    if (served.length === 0) {
      throw badPlan(["rules", number, "path"], `the market serves ${MARKET_PATHS.join(", ")}; use one, or *`);
    }
    const changed = KNOWN[rule.fault].paths;
    if (changed !== undefined && !served.some((path) => changed.includes(path))) {
      throw badPlan(["rules", number, "path"], `${rule.fault} changes ${changed.join(", ")} only`);
    }
    if (
      rule.calls !== undefined && !Array.isArray(rule.calls) && rule.calls.from > (rule.calls.to ?? Infinity)
    ) {
      throw badPlan(["rules", number, "calls"], "it ends before it begins");
    }
    if (rule.fault === "drift") checkDrift(rule, number);
  }
  return parsed.data;
}

function checkDrift({ change, column, to }: FaultRule & { fault: "drift" }, number: number): void {
  if (to !== undefined && change !== "column_renamed") {
    throw badPlan(["rules", number, "to"], "it belongs to column_renamed");
  }
  const exists = column === undefined ? null : MARKET_COLUMNS.all.includes(column);
  if (exists === (change === "column_added")) {
    const state = exists ? "the page has this column already" : "the page has no such column";
    throw badPlan(["rules", number, "column"], `${state}, name another one`);
  }
}

function badPlan(path: readonly PropertyKey[], reason: string): TypeError {
  const place = path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("")
    .replace(/^\./, "");
  return new TypeError(`Cannot use the fault plan: ${place === "" ? "" : `${place}: `}${reason}`);
}
