/**
 * For tests: S3 in memory, strict about what this project asks of a store, and able to fail in the ways that real
 * stores and their emulators do. Speaks HTTP on a free port of this machine.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";

/** What goes wrong. */
export interface S3Faults {
  /** As some emulators do: conditions are read past. */
  ignoreIfNoneMatch?: boolean;
  ignoreIfMatch?: boolean;
  /** Encryption that is asked for is neither done nor confirmed. */
  ignoreEncryption?: boolean;
  /** How many of the next answers are 503 SlowDown. */
  slowDown?: number;
  /** Every request is refused with this code: AccessDenied, ExpiredToken, … */
  refuse?: string;
  /** The matching request is carried out, and then the connection breaks; counts down. */
  dropReply?: { method: string; key: RegExp; times: number };
  /** The next bodies of GET break off in the middle. */
  tearBody?: number;
  /** Waits before this request is carried out. */
  before?: (request: { method: string; key: string }) => void | Promise<void>;
}

/** A stored object. */
export interface StoredObject {
  bytes: Uint8Array;
  etag: string;
  modified: number;
  metadata: Record<string, string>;
}

const REFUSALS: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  ExpiredToken: 400,
  InvalidAccessKeyId: 403,
  SignatureDoesNotMatch: 403,
  RequestTimeTooSkewed: 403,
};

/** Bytes of the smallest part of a multipart upload but the last. */
const SMALLEST_PART = 5 << 20;

/** An S3 server with its buckets. */
export class TestS3 implements AsyncDisposable {
  readonly buckets = new Map<string, Map<string, StoredObject>>();
  /** What was asked, in order: `PUT bucket/key`. */
  readonly requests: string[] = [];
  /** Keys of a page of a list. */
  readonly pageSize: number;
  faults: S3Faults = {};
  url = "";
  #uploads = new Map<string, { metadata: Record<string, string>; parts: Map<number, StoredObject> }>();
  #server = createServer();

  private constructor(pageSize: number) {
    this.pageSize = pageSize;
  }

  static async start({ pageSize = 1000 }: { pageSize?: number } = {}): Promise<TestS3> {
    const s3 = new TestS3(pageSize);
    s3.#server.on("request", async (request, response) => {
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = new Uint8Array(await new Blob(chunks).arrayBuffer());
      const { method = "", url = "" } = request;
      const headers = new Headers(request.headers as Record<string, string>);
      const answer = await s3.handle(
        new Request(`http://s3${url}`, { method, headers, body: bodyFor(method, body) }),
      );
      if (s3.#drops(method, decodeURIComponent(url))) return void request.socket.destroy();
      const bytes = new Uint8Array(await answer.arrayBuffer());
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      if (method === "GET" && bytes.length > 1 && answer.ok && (s3.faults.tearBody ?? 0) > 0) {
        s3.faults.tearBody!--;
        return void response.write(bytes.subarray(0, bytes.length >> 1), () => request.socket.destroy());
      }
      response.end(bytes);
    });
    await new Promise<void>((resolve) => s3.#server.listen(0, "127.0.0.1", resolve));
    s3.url = `http://127.0.0.1:${(s3.#server.address() as { port: number }).port}`;
    return s3;
  }

  /** Makes an empty bucket. */
  bucket(name: string): Map<string, StoredObject> {
    const objects = new Map<string, StoredObject>();
    this.buckets.set(name, objects);
    return objects;
  }

  /** Answers one request. */
  async handle(request: Request): Promise<Response> {
    const { pathname, searchParams: query } = new URL(request.url);
    const [, bucket = "", ...rest] = decodeURIComponent(pathname).split("/");
    const key = rest.join("/");
    this.requests.push(`${request.method} ${bucket}/${key}`);
    await this.faults.before?.({ method: request.method, key });
    if (!/^AWS4-HMAC-SHA256 Credential=/.test(request.headers.get("authorization") ?? "")) {
      return failure(403, "AccessDenied");
    }
    if (request.headers.get("content-encoding")?.includes("aws-chunked")) {
      return failure(501, "NotImplemented");
    }
    if ((this.faults.slowDown ?? 0) > 0) {
      this.faults.slowDown!--;
      return failure(503, "SlowDown");
    }
    const { refuse } = this.faults;
    if (refuse) {
      return request.method === "HEAD" ? empty(REFUSALS[refuse]!) : failure(REFUSALS[refuse]!, refuse);
    }
    const objects = this.buckets.get(bucket);
    if (!objects) return request.method === "HEAD" ? empty(404) : failure(404, "NoSuchBucket");
    if (query.get("list-type") === "2") return this.#list(objects, query);
    switch (request.method) {
      case "GET":
      case "HEAD":
        return read(objects.get(key), request);
      case "PUT":
        return await this.#put(objects, key, request, query);
      case "POST":
        return await this.#post(objects, key, request, query);
      case "DELETE":
        if (query.has("uploadId")) this.#uploads.delete(query.get("uploadId")!);
        else objects.delete(key);
        return empty(204);
    }
    return failure(405, "MethodNotAllowed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #drops(method: string, path: string): boolean {
    const { dropReply } = this.faults;
    if (!dropReply || dropReply.times <= 0 || dropReply.method !== method || !dropReply.key.test(path)) {
      return false;
    }
    dropReply.times--;
    return true;
  }

  #list(objects: Map<string, StoredObject>, query: URLSearchParams): Response {
    const prefix = query.get("prefix") ?? "", after = query.get("continuation-token") ?? "";
    const size = Math.min(Number(query.get("max-keys") ?? 1000), this.pageSize);
    const delimiter = query.get("delimiter") ?? "";
    // With a delimiter, keys that go on behind one are told as the folder that they lie in.
    const told = [...objects.keys()].filter((key) => key.startsWith(prefix)).map((key) => {
      const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      return end < 0 ? key : key.slice(0, end + 1);
    });
    const keys = [...new Set(told)].sort(byUtf8);
    const rest = keys.filter((key) => after === "" || byUtf8(key, after) > 0);
    const page = rest.slice(0, size);
    const more = rest.length > page.length;
    const contents = page.map((key) => {
      if (!objects.has(key)) return `<CommonPrefixes><Prefix>${escape(key)}</Prefix></CommonPrefixes>`;
      const { bytes, etag, modified } = objects.get(key)!;
      return `<Contents><Key>${escape(key)}</Key><LastModified>${
        new Date(modified).toISOString()
      }</LastModified>` +
        `<ETag>${escape(etag)}</ETag><Size>${bytes.length}</Size></Contents>`;
    });
    return xml(
      `<ListBucketResult><IsTruncated>${more}</IsTruncated><KeyCount>${page.length}</KeyCount>${
        contents.join("")
      }` +
        `${
          more ? `<NextContinuationToken>${escape(page.at(-1)!)}</NextContinuationToken>` : ""
        }</ListBucketResult>`,
    );
  }

  async #put(
    objects: Map<string, StoredObject>,
    key: string,
    request: Request,
    query: URLSearchParams,
  ): Promise<Response> {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const sent = request.headers.get("x-amz-content-sha256") ?? "";
    if (/^[0-9a-f]{64}$/.test(sent) && sent !== hash("sha256", bytes)) {
      return failure(400, "XAmzContentSHA256Mismatch");
    }
    const stored = {
      bytes,
      etag: `"${hash("md5", bytes)}"`,
      modified: Date.now(),
      metadata: metadataOf(request),
    };
    if (query.has("partNumber")) {
      const upload = this.#uploads.get(query.get("uploadId")!);
      if (!upload) return failure(404, "NoSuchUpload");
      upload.parts.set(Number(query.get("partNumber")), stored);
      return empty(200, { etag: stored.etag });
    }
    const refusal = this.#refuse(objects.get(key), request);
    if (refusal) return refusal;
    objects.set(key, stored);
    const sse = this.faults.ignoreEncryption ? null : request.headers.get("x-amz-server-side-encryption");
    return empty(200, { etag: stored.etag, ...sse ? { "x-amz-server-side-encryption": sse } : {} });
  }

  async #post(
    objects: Map<string, StoredObject>,
    key: string,
    request: Request,
    query: URLSearchParams,
  ): Promise<Response> {
    if (query.has("uploads")) {
      const id = crypto.randomUUID();
      this.#uploads.set(id, { metadata: metadataOf(request), parts: new Map() });
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    const id = query.get("uploadId") ?? "";
    const upload = this.#uploads.get(id);
    if (!upload) return failure(404, "NoSuchUpload");
    const named = [...(await request.text()).matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map((m) =>
      Number(m[1])
    );
    const parts = named.map((number) => upload.parts.get(number));
    if (parts.includes(undefined)) return failure(400, "InvalidPart");
    if (parts.slice(0, -1).some((part) => part!.bytes.length < SMALLEST_PART)) {
      return failure(400, "EntityTooSmall");
    }
    const refusal = this.#refuse(objects.get(key), request);
    if (refusal) return refusal;
    const bytes = new Uint8Array(await new Blob(parts.map((part) => part!.bytes as BlobPart)).arrayBuffer());
    const etag = `"${hash("md5", bytes)}-${parts.length}"`;
    objects.set(key, { bytes, etag, modified: Date.now(), metadata: upload.metadata });
    this.#uploads.delete(id);
    return xml(`<CompleteMultipartUploadResult><ETag>${escape(etag)}</ETag></CompleteMultipartUploadResult>`);
  }

  #refuse(before: StoredObject | undefined, { headers }: Request): Response | null {
    const none = this.faults.ignoreIfNoneMatch ? null : headers.get("if-none-match");
    const match = this.faults.ignoreIfMatch ? null : headers.get("if-match");
    if (none !== null && before) return failure(412, "PreconditionFailed");
    if (match !== null && !before) return failure(404, "NoSuchKey");
    if (match !== null && before!.etag !== match) return failure(412, "PreconditionFailed");
    return null;
  }
}

function read(object: StoredObject | undefined, { method, headers }: Request): Response {
  if (!object) return method === "HEAD" ? empty(404) : failure(404, "NoSuchKey");
  const { bytes, etag, modified, metadata } = object;
  const match = headers.get("if-match");
  if (match !== null && match !== etag) return failure(412, "PreconditionFailed");
  const about = {
    ...metadata,
    etag,
    "last-modified": new Date(modified).toUTCString(),
    date: new Date().toUTCString(),
  };
  if (method === "HEAD") return empty(200, { ...about, "content-length": String(bytes.length) });
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
  if (first === undefined) return new Response(bytes as BodyInit, { headers: sized(about, bytes) });
  if (Number(first) >= bytes.length) return failure(416, "InvalidRange");
  const piece = bytes.subarray(Number(first), Number(last) + 1);
  const range = `bytes ${first}-${Number(first) + piece.length - 1}/${bytes.length}`;
  return new Response(piece as BodyInit, {
    status: 206,
    headers: { ...sized(about, piece), "content-range": range },
  });
}

function sized(headers: Record<string, string>, bytes: Uint8Array): Record<string, string> {
  return { ...headers, "content-length": String(bytes.length) };
}

function bodyFor(method: string, body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  return method === "GET" || method === "HEAD" ? null : body;
}

function metadataOf({ headers }: Request): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith("x-amz-meta-")));
}

function hash(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

/** S3 sorts keys by their bytes, JavaScript by UTF-16 units. */
function byUtf8(a: string, b: string): number {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i]! - right[i]!;
  }
  return left.length - right.length;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}

function xml(content: string, status = 200): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${content}`, {
    status,
    headers: { "content-type": "application/xml" },
  });
}

function failure(status: number, code: string): Response {
  return xml(`<Error><Code>${code}</Code><Message>${code} it is</Message></Error>`, status);
}

function empty(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}
