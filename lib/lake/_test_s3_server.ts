/**
 * For tests: the part of S3 that Lakebook uses, in memory, strict about conditions, and broken on demand. Signatures
 * are not looked at.
 */
import { createHash } from "node:crypto";

/** What some emulators get wrong. */
export interface MemoryS3Faults {
  ignores_if_none_match?: boolean;
  ignores_if_match?: boolean;
}

/** A running server. */
export interface MemoryS3 {
  url: string;
  /** `PUT bucket/key`, in order. */
  log: string[];
  /** Keys that exist, without their bucket. */
  keys(): string[];
  /** Encryption that an object was written with. */
  encryption(key: string): string | undefined;
  /** Answers the next requests (whose path fits) with an error. */
  fail(times: number, status: number, code: string, path?: RegExp): void;
  /** Does the next PUTs and cuts the connection before it answers. */
  loseReplies(times: number): void;
  stop(): Promise<void>;
}

interface Stored {
  bytes: Uint8Array<ArrayBuffer>;
  etag: string;
  modified: Date;
  headers: Record<string, string>;
}

/** Starts a server on a free port. */
export function serveMemoryS3(faults: MemoryS3Faults = {}): MemoryS3 {
  const buckets = new Map<string, Map<string, Stored>>();
  const uploads = new Map<
    string,
    { headers: Record<string, string>; parts: Map<number, Uint8Array<ArrayBuffer>> }
  >();
  const log: string[] = [];
  let failing = { times: 0, status: 0, code: "", path: /./ };
  let lost = 0;

  const xml = (body: string, status = 200) =>
    new Response(`<?xml version="1.0" encoding="UTF-8"?>${body}`, {
      status,
      headers: { "content-type": "application/xml" },
    });
  const error = (status: number, code: string) =>
    xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`, status);

  function refusal(request: Request, before: Stored | undefined): Response | null {
    const none = request.headers.get("if-none-match"), match = request.headers.get("if-match");
    if (none === "*" && before && !faults.ignores_if_none_match) return error(412, "PreconditionFailed");
    if (match !== null && !faults.ignores_if_match && before?.etag !== match) {
      return before ? error(412, "PreconditionFailed") : error(404, "NoSuchKey");
    }
    return null;
  }

  function store(
    objects: Map<string, Stored>,
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    from: Record<string, string>,
  ): string {
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    objects.set(key, { bytes, etag, modified: new Date(), headers: from });
    return etag;
  }

  function kept(headers: Headers): Record<string, string> {
    return Object.fromEntries([...headers].filter(([name]) => /^x-amz-(meta-|server-side)/.test(name)));
  }

  function list(objects: Map<string, Stored>, query: URLSearchParams): Response {
    const prefix = query.get("prefix") ?? "", after = query.get("continuation-token") ?? "";
    const encoder = new TextEncoder();
    const byBytes = (a: string, b: string) => {
      const [x, y] = [encoder.encode(a), encoder.encode(b)];
      const at = x.findIndex((byte, i) => byte !== y[i]);
      return at < 0 ? x.length - y.length : (x[at]! - (y[at] ?? -1));
    };
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes)
      .filter((key) => after === "" || byBytes(key, after) > 0);
    // Pages are small, so that every test with a few objects sees several of them.
    const page = keys.slice(0, 5);
    const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    const contents = page.map((key) => {
      const { etag, bytes, modified } = objects.get(key)!;
      return `<Contents><Key>${escape(key)}</Key><LastModified>${modified.toISOString()}</LastModified>` +
        `<ETag>${etag.replaceAll('"', "&quot;")}</ETag><Size>${bytes.length}</Size></Contents>`;
    });
    const more = keys.length > page.length;
    const next = more ? `<NextContinuationToken>${escape(page.at(-1)!)}</NextContinuationToken>` : "";
    return xml(
      `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`,
    );
  }

  function read(request: Request, stored: Stored | undefined): Response {
    if (!stored) {
      return request.method === "HEAD" ? new Response(null, { status: 404 }) : error(404, "NoSuchKey");
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
    const bytes = range ? stored.bytes.slice(Number(range[1]), Number(range[2]) + 1) : stored.bytes;
    const headers = {
      ...stored.headers,
      etag: stored.etag,
      "last-modified": stored.modified.toUTCString(),
      "content-length": String(bytes.length),
      date: new Date().toUTCString(),
    };
    const status = range ? 206 : 200;
    return new Response(request.method === "HEAD" ? null : bytes, { status, headers });
  }

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, bucket = "", key = ""] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    log.push(`${request.method} ${bucket}/${key}${url.search}`);
    const body = new Uint8Array(await request.arrayBuffer());
    if (request.method === "PUT" && key === "") {
      buckets.set(bucket, new Map());
      return new Response();
    }
    if (failing.times > 0 && failing.path.test(url.pathname)) {
      failing.times -= 1;
      return request.method === "HEAD"
        ? new Response(null, { status: failing.status })
        : error(failing.status, failing.code);
    }
    const objects = buckets.get(bucket);
    if (!objects) return error(404, "NoSuchBucket");
    const query = url.searchParams;
    if (key === "") return list(objects, query);
    const id = query.get("uploadId") ?? "";
    if (request.method === "POST" && query.has("uploads")) {
      const upload = crypto.randomUUID();
      uploads.set(upload, { headers: kept(request.headers), parts: new Map() });
      return xml(
        `<InitiateMultipartUploadResult><UploadId>${upload}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    if (request.method === "POST") {
      const { headers, parts } = uploads.get(id)!;
      const sorted = [...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
      const etag = store(objects, key, new Uint8Array(await new Blob(sorted).arrayBuffer()), headers);
      return xml(
        `<CompleteMultipartUploadResult><ETag>${
          etag.replaceAll('"', "&quot;")
        }</ETag></CompleteMultipartUploadResult>`,
      );
    }
    if (request.method === "PUT" && id !== "") {
      uploads.get(id)!.parts.set(Number(query.get("partNumber")), body);
      return new Response(null, { headers: { etag: '"part"' } });
    }
    if (request.method === "PUT") {
      const refused = refusal(request, objects.get(key));
      if (refused) return refused;
      const etag = store(objects, key, body, kept(request.headers));
      if (lost > 0) {
        lost -= 1;
        // The write is done; what the writer hears is a broken connection.
        return new Response(
          new ReadableStream({ pull: (controller) => controller.error(new Error("lost")) }),
        );
      }
      return new Response(null, { headers: { etag } });
    }
    if (request.method === "DELETE") {
      const refused = objects.has(key) ? refusal(request, objects.get(key)) : null;
      if (refused) return refused;
      objects.delete(key);
      return new Response(null, { status: 204 });
    }
    return read(request, objects.get(key));
  }

  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    log,
    keys: () => [...buckets.values()].flatMap((objects) => [...objects.keys()]),
    encryption: (key) => {
      for (const objects of buckets.values()) {
        const headers = objects.get(key)?.headers;
        if (headers) {
          const id = headers["x-amz-server-side-encryption-aws-kms-key-id"];
          return `${headers["x-amz-server-side-encryption"]} ${id}`;
        }
      }
      return undefined;
    },
    fail: (times, status, code, path = /./) => void (failing = { times, status, code, path }),
    loseReplies: (times) => void (lost = times),
    stop: () => server.shutdown(),
  };
}
