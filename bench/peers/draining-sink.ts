/**
 * An S3 server that keeps nothing and costs next to nothing: it counts bodies and answers as a store would, so that a bench measures the
 * client. Bodies are read through one reused buffer; ETags are the Content-MD5 that came (clients compare them), else made up, and a CRC-32
 * that came is answered as S3 would.
 * Usage: node draining-sink.ts [PORT]; prints its port.
 */
import { createHash } from 'node:crypto';
import net from 'node:net';
import { crc32 } from 'node:zlib';

interface Stored {
  readonly size: number;
  readonly etag: string;
  /** In base64, of several parts that of theirs and `-N`. */
  readonly crc32?: string;
  /** A small object's bytes: manifests are read back. */
  readonly body?: Buffer;
}

interface Upload {
  readonly parts: Map<number, Stored>;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly size: number;
  readonly body: Buffer | undefined;
}

const KEPT_BODY = 64 * 1024;
const objects = new Map<string, Stored>();
const uploads = new Map<string, Upload>();
let counter = 0;

function nextNumber(): number {
  counter += 1;
  return counter;
}

function answer(request: Request): {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
} {
  const { method, path, query, headers } = request;
  const uploadId = query.get('uploadId');
  if (method === 'POST' && query.has('uploads')) {
    const id = `upload-${nextNumber()}`;
    uploads.set(id, { parts: new Map() });
    return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }
  if (method === 'PUT' && uploadId) {
    const part = { size: request.size, etag: etagOf(headers), ...crc32Of(headers) };
    uploads.get(uploadId)?.parts.set(Number(query.get('partNumber')), part);
    return { status: 200, headers: { etag: `"${part.etag}"` } };
  }
  if (method === 'POST' && uploadId) {
    const parts = [...(uploads.get(uploadId)?.parts ?? [])].sort(([one], [other]) => one - other);
    uploads.delete(uploadId);
    const md5s = Buffer.concat(parts.map(([, { etag }]) => Buffer.from(etag, 'hex')));
    const etag = `${createHash('md5').update(md5s).digest('hex')}-${parts.length}`;
    const size = parts.reduce((sum, [, part]) => sum + part.size, 0);
    objects.set(path, { size, etag, ...crc32OfParts(parts.map(([, part]) => part)) });
    return xml(`<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`);
  }
  if (method === 'PUT') {
    if (isBucket(path)) return { status: 200 };
    const { body, size } = request;
    const stored = { size, etag: etagOf(headers, body), ...crc32Of(headers), ...(body && { body }) };
    objects.set(path, stored);
    return { status: 200, headers: { etag: `"${stored.etag}"` } };
  }
  if (method === 'DELETE') {
    objects.delete(path);
    return { status: 204 };
  }
  const object = objects.get(path);
  if (object && (method === 'HEAD' || method === 'GET')) {
    const { etag, crc32: checksum } = object;
    const facts = {
      ...{ etag: `"${etag}"`, 'last-modified': new Date(0).toUTCString() },
      ...(checksum !== undefined && { 'x-amz-checksum-crc32': checksum }),
    };
    if (method === 'HEAD')
      return { status: 200, headers: { ...facts, 'content-length': String(object.size) } };
    return { status: 200, headers: facts, body: object.body ?? '' };
  }
  if (method === 'HEAD') return { status: isBucket(path) ? 200 : 404 };
  if (method === 'GET' && isBucket(path))
    return xml('<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>');
  return { ...xml('<Error><Code>NoSuchKey</Code></Error>'), status: 404 };
}

function isBucket(path: string): boolean {
  return path.split('/').filter(Boolean).length === 1;
}

function etagOf(headers: Request['headers'], body?: Buffer): string {
  const md5 = headers['content-md5'];
  if (md5 !== undefined) return Buffer.from(md5, 'base64').toString('hex');
  return createHash('md5')
    .update(body ?? String(nextNumber()))
    .digest('hex');
}

function crc32Of(headers: Request['headers']): Pick<Stored, 'crc32'> {
  const checksum = headers['x-amz-checksum-crc32'];
  return checksum === undefined ? {} : { crc32: checksum };
}

function crc32OfParts(parts: readonly Stored[]): Pick<Stored, 'crc32'> {
  const sums = parts.flatMap(({ crc32: sum }) => (sum === undefined ? [] : [Buffer.from(sum, 'base64')]));
  if (sums.length < parts.length) return {};
  const whole = Buffer.alloc(4);
  whole.writeUInt32BE(crc32(Buffer.concat(sums)));
  return { crc32: `${whole.toString('base64')}-${parts.length}` };
}

function xml(body: string) {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0"?>${body}`,
  };
}

/** Takes one connection's bytes apart: heads as text, bodies only counted (the beginning of small ones is kept). */
function serve(socket: net.Socket): (bytes: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let current: Omit<Request, 'body'> | undefined;
  let left = 0;
  let kept: Buffer[] = [];

  function finish(): void {
    if (!current) return;
    const body = current.size <= KEPT_BODY ? Buffer.concat(kept) : undefined;
    const reply = answer({ ...current, body });
    const content = Buffer.from(reply.body ?? '');
    const lines = { 'content-length': String(content.length), ...reply.headers };
    const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      Buffer.concat([
        Buffer.from(`HTTP/1.1 ${reply.status} OK\r\n${head.join('')}\r\n`),
        current.method === 'HEAD' ? Buffer.alloc(0) : content,
      ]),
    );
    current = undefined;
    kept = [];
  }

  return (bytes) => {
    let rest = bytes;
    while (rest.length > 0) {
      if (current) {
        const piece = rest.subarray(0, left);
        if (current.size <= KEPT_BODY) kept.push(Buffer.from(piece));
        left -= piece.length;
        rest = rest.subarray(piece.length);
        if (left === 0) finish();
        continue;
      }
      pending = Buffer.concat([pending, rest]);
      rest = Buffer.alloc(0);
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [first = '', ...lines] = pending.toString('latin1', 0, end).split('\r\n');
      rest = Buffer.from(pending.subarray(end + 4));
      pending = Buffer.alloc(0);
      const headers = Object.fromEntries(
        lines.map((line) => [
          line.slice(0, line.indexOf(':')).toLowerCase(),
          line.slice(line.indexOf(':') + 1).trim(),
        ]),
      );
      const [method = '', target = ''] = first.split(' ');
      const url = new URL(target, 'http://sink');
      left = Number(headers['content-length'] ?? 0);
      current = { method, path: url.pathname, query: url.searchParams, headers, size: left };
      if (headers['expect'] !== undefined) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (left === 0) finish();
    }
  };
}

const server = net.createServer({ noDelay: true, highWaterMark: 256 * 1024 }, (socket) => {
  const take = serve(socket);
  socket.on('data', take);
  socket.on('error', () => socket.destroy());
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log((server.address() as net.AddressInfo).port);
});
