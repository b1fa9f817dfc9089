/**
 * The project's lint plugin: it keeps the shape that `lib/README.md` draws.
 *
 * - `lakebook/room-order`: a room imports from itself and from the rooms before it, never from a later one.
 * - `lakebook/pure-room`: features, quality, models (its registry aside) and report take clock, randomness and
 *   network as arguments; `Date.now()`, `new Date()`, `Math.random()`, `fetch` and `Deno` are not theirs to call.
 */

/** Rooms in data-flow order, which is the order in which they may import. */
export const ROOMS = [
  "core",
  "sources",
  "lake",
  "warehouse",
  "quality",
  "dataset",
  "features",
  "models",
  "serving",
  "report",
  "pipeline",
] as const;

const PURE: readonly string[] = ["core", "quality", "features", "models", "report"];

/** Files of pure rooms whose very job is to touch the outside. */
const EXEMPT = [
  /\/models\/registry(_files)?\.ts$/,
  /\/models\/lstm\/memory\.ts$/,
  /\/report\/render_png\.ts$/,
  /_test\.ts$/,
  /\/_[^/]+\.ts$/,
];

/** The room of a path, or null outside the rooms (`_tools`, `_lint`, notebooks, …). */
export function roomOf(path: string): string | null {
  const room = /(?:^|\/)lib\/([a-z]+)\//.exec(path.replaceAll("\\", "/"))?.[1];
  return room !== undefined && (ROOMS as readonly string[]).includes(room) ? room : null;
}

/** The room that an import leads to. */
function targetRoom(file: string, specifier: string): string | null {
  if (specifier.startsWith("@lib/")) return roomOf(`lib/${specifier.slice(5)}`);
  if (!specifier.startsWith(".")) return null;
  return roomOf(new URL(specifier, `file://${file.replaceAll("\\", "/")}`).pathname);
}

const roomOrder: Deno.lint.Rule = {
  create(context) {
    const file = context.filename;
    const room = roomOf(file);
    if (room === null) return {};
    const check = (node: Deno.lint.Node, source: unknown) => {
      const specifier = (source as { value?: unknown } | null)?.value;
      if (typeof specifier !== "string") return;
      const target = targetRoom(file, specifier);
      const order = ROOMS as readonly string[];
      if (target === null || order.indexOf(target) <= order.indexOf(room)) return;
      context.report({
        node,
        message:
          `Room "${room}" may not import from "${target}": it comes later in the data flow (see lib/README.md)`,
      });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
    };
  },
};

const pureRoom: Deno.lint.Rule = {
  create(context) {
    const room = roomOf(context.filename);
    if (room === null || !PURE.includes(room) || EXEMPT.some((pattern) => pattern.test(context.filename))) {
      return {};
    }
    const refuse = (node: Deno.lint.Node, what: string) =>
      context.report({ node, message: `Room "${room}" is pure: take what ${what} gives as an argument` });
    return {
      MemberExpression(node) {
        if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
        const { name } = node.object, member = node.property.name;
        if (name === "Deno") refuse(node, `Deno.${member}`);
        if (name === "Date" && member === "now") refuse(node, "Date.now()");
        if (name === "Math" && member === "random") refuse(node, "Math.random()");
      },
      NewExpression(node) {
        if (node.callee.type === "Identifier" && node.callee.name === "Date" && node.arguments.length === 0) {
          refuse(node, "new Date()");
        }
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && node.callee.name === "fetch") refuse(node, "fetch()");
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "lakebook",
  rules: { "room-order": roomOrder, "pure-room": pureRoom },
};

export default plugin;
