/** Faults that take the place of an answer: refusals, a proxy's pages, and 200s without data. */
import { DAY_MS, SECOND_MS } from "../core/time.ts";
import type { FaultRule } from "./market_faults.ts";
import { type Answer, jsonAnswer, stamp } from "./market_server_answer.ts";

/** The sentence of a real throttled reply. */
const RATE_LIMITED =
  "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to " +
  "subscribe to our API plans for higher rate limits.";

const GATEWAY: Readonly<Record<number, string>> = {
  502: "Bad gateway",
  503: "Service temporarily unavailable",
  504: "Gateway time-out",
};

/** The answer that a rule gives in place of the market's, or null where the market is to be asked. */
export function faultAnswer(rule: FaultRule, { path, now }: { path: string; now: Date }): Answer | null {
  switch (rule.fault) {
    case "rate_limit":
      return rateLimit(rule, now);
    case "server_error":
      return rule.status === 500
        ? jsonAnswer(500, { status: 500, error: "Internal Server Error" })
        : html(rule.status, `${rule.status}: ${GATEWAY[rule.status]}`);
    case "teapot":
      return jsonAnswer(418, { status: { error_code: 418, error_message: "I'm a teapot" } });
    case "bad_key":
      return badKey(rule.code, now);
    case "forbidden":
      return html(403, "Access denied (error code 1020)");
    case "redirect": {
      const location = rule.to.startsWith("/") ? `/api/v3${rule.to}` : rule.to;
      return { ...jsonAnswer(rule.status, {}), headers: { location }, body: "" };
    }
    case "html_200":
      return html(200, "Just a moment...");
    case "throttled_200":
      return text(200, "Throttled");
    case "empty_body":
      return { ...jsonAnswer(200, null), body: "" };
    case "null_body":
      return jsonAnswer(200, null);
    case "zero_coins":
      return jsonAnswer(200, emptyOf(path));
    default:
      return null;
  }
}

function rateLimit(rule: FaultRule & { fault: "rate_limit" }, now: Date): Answer {
  const answer = rule.body === "throttled"
    ? text(429, "Throttled")
    : jsonAnswer(429, { status: { error_code: 429, error_message: RATE_LIMITED } });
  if (rule.retry_after_s === undefined) return answer;
  const retry_after = rule.retry_after_as === "date"
    ? new Date(Math.min(now.getTime() + rule.retry_after_s * SECOND_MS, LATEST_MS)).toUTCString()
    : String(rule.retry_after_s);
  return { ...answer, headers: { ...answer.headers, "retry-after": retry_after } };
}

/** The last day that a HTTP date can name. */
const LATEST_MS = Date.UTC(10_000, 0, 1) - DAY_MS;

/** 10010 and 10011 carry their code beside `status`, not within: so they have been seen. */
function badKey(code: number, now: Date): Answer {
  const hosts = ["api.coingecko.com", "pro-api.coingecko.com"];
  switch (code) {
    case 10010:
    case 10011: {
      const [plan, from, to] = code === 10010 ? ["Pro", ...hosts] : ["Demo", ...hosts.toReversed()];
      const error_message =
        `If you are using ${plan} API key, please change your root URL from ${from} to ${to}`;
      return jsonAnswer(400, { timestamp: stamp(now), error_code: code, status: { error_message } });
    }
    default: {
      const error_message = code === 10005
        ? "This request is limited to PRO API subscribers."
        : "API Key Missing. Please make sure you're using the right authentication method.";
      return jsonAnswer(401, { status: { timestamp: stamp(now), error_code: code, error_message } });
    }
  }
}

function emptyOf(path: string): unknown {
  if (path.endsWith("/market_chart")) return { prices: [], market_caps: [], total_volumes: [] };
  return path === "/simple/price" ? {} : [];
}

function text(status: number, body: string): Answer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

/** A page of the kind that a proxy before an API sends; the words are its title. */
function html(status: number, words: string): Answer {
  const title = `api.coingecko.com | ${words}`;
  const body = `<!DOCTYPE html>\n<html lang="en-US">\n<head>\n<title>${title}</title>\n` +
    `<meta charset="UTF-8" />\n<meta name="robots" content="noindex, nofollow" />\n</head>\n` +
    `<body><h1>${words}</h1><p>This page is made up: the demo market imitates a proxy.</p></body>\n</html>\n`;
  return { status, headers: { "content-type": "text/html; charset=UTF-8" }, body };
}
