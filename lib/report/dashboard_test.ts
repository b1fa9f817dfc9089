import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DATA, HOSTILE_NAME } from "./_fixtures.ts";
import { type DashboardData, dashboardPage } from "./dashboard.ts";

const page = await dashboardPage(DATA);
const EMPTY: DashboardData = { ...DATA, daily: [], markets: null, quality: null, model: null, steps: [] };

Deno.test("dashboardPage() gives the same bytes for the same data, also when two are made at once", async () => {
  const [second, third] = await Promise.all([dashboardPage(DATA), dashboardPage(DATA)]);
  assertEquals(second, page);
  assertEquals(third, page);
});

Deno.test("dashboardPage() lets no text from data become markup", () => {
  assert(!page.includes("<script>"), "a script element appeared");
  assert(!page.includes("<i>") && !page.includes("<1>") && !page.includes("1 page <b>"));
  assertStringIncludes(
    page,
    "&lt;/script&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;Ünï&#39; 币安",
  );
  const opened = page.match(/<script/g)?.length;
  assertEquals(opened, page.match(/<\/script>/g)?.length);
  assertEquals(opened, page.match(/<script type="application\/json"/g)?.length);
});

Deno.test("dashboardPage() embeds each specification so that JSON.parse gives it back", () => {
  const specs = [...page.matchAll(/<script type="application\/json" id="([\w-]+)">([^<]*)<\/script>/g)];
  assertEquals(specs.map(([, id]) => id), ["price-spec", "volatility-spec", "gainers-spec", "cap-spec"]);
  const gainers = JSON.parse(specs[2]![2]!);
  assertEquals(gainers.data.values[0].coin, HOSTILE_NAME);
});

Deno.test("dashboardPage() needs no network and has unique ids", () => {
  assertStringIncludes(page, "default-src 'none'");
  const addresses = [...page.matchAll(/\b(?:href|src|action)="([^"]*)"|url\(([^)]*)\)/g)].map((hit) =>
    hit[1] ?? hit[2]!
  );
  assertEquals(addresses.filter((address) => !address.startsWith("#")), ["https://www.coingecko.com"]);
  const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  assertEquals(ids.length, new Set(ids).size);
});

Deno.test("dashboardPage() shows figures, verdict, findings, steps and a titled picture each", () => {
  for (
    const text of [
      "$2.13T",
      "$105,509",
      "−3.95% in 24 h",
      "2.83%",
      "persistence is the champion",
      "No model beats persistence.",
      "1.020 times persistence",
      "0 fail · 1 warn · 1 pass",
      "low &lt;0.06&gt; beside 1,191",
      "1.2 s",
      '<title id="price-w-title">Bitcoin price by day</title>',
      "Data provided by",
      "No coin in this snapshot has a value above zero",
    ]
  ) assertStringIncludes(page, text);
});

Deno.test("dashboardPage() has the banner over demo data only, the attribution over CoinGecko data only", async () => {
  const demo = await dashboardPage({ ...EMPTY, source: "demo" });
  assertStringIncludes(demo, "Demo market: simulated data, not real prices");
  assert(!demo.includes("Data provided by"));
  assert(!page.includes("simulated data"));
});

Deno.test("dashboardPage() says in words what is absent and which command brings it", async () => {
  const bare = await dashboardPage({ ...EMPTY, source: "csv" });
  for (
    const text of [
      "There are no daily prices in this lake yet. To bring it: <code>deno task backfill",
      "This run read a price file, which has no market snapshot",
      "<code>deno task pipeline --source coingecko</code>",
      "<code>deno task train</code>",
      "<code>deno task quality</code>",
      "<code>deno task pipeline</code>",
      "Not known: a price file has no market snapshot",
    ]
  ) assertStringIncludes(bare, text);
  assert(!/undefined|NaN|\[object/.test(bare));
});

Deno.test("dashboardPage() zooms into the end of a long test period", async () => {
  const predictions = Array.from({ length: 200 }, (_, index) => ({
    day: new Date(Date.UTC(2023, 0, 1 + index)).toISOString().slice(0, 10),
    actual: 0.02 + index / 1e4,
    persistence: 0.02,
    forest: 0.021,
  }));
  const long = await dashboardPage({ ...EMPTY, model: { ...DATA.model!, predictions } });
  assertStringIncludes(long, "test period 2023-03-22 to 2023-07-19");
});
