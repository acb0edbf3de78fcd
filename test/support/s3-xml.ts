/** The few XML documents of S3, written and read by hand. */

export function element(name: string, content: string | number | boolean | readonly string[]): string {
  return `<${name}>${Array.isArray(content) ? content.join('') : content}</${name}>`;
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export function document(name: string, ...content: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content.join('')}</${name}>`;
}

export function errorDocument(code: string): string {
  const told = [
    element('Code', code),
    element('Message', `the stand-in says ${code}`),
    element('RequestId', 'stand-in'),
  ];
  // As S3 does: the refused signature is repeated in the answer, which no log may show.
  if (code === 'SignatureDoesNotMatch')
    told.push(
      element('SignatureProvided', 'f00d'.repeat(16)),
      element('StringToSign', 'AWS4-HMAC-SHA256 secret'),
    );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${told.join('')}</Error>`;
}

/** The parts that a CompleteMultipartUpload names. */
export function readParts(
  xml: string,
): { readonly number: number; readonly etag: string; readonly crc32?: string }[] {
  return [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => {
    const crc32 = field(part, 'ChecksumCRC32');
    return {
      number: Number(field(part, 'PartNumber')),
      etag: (field(part, 'ETag') ?? '').replaceAll(/&quot;|&#34;|"/g, ''),
      ...(crc32 === undefined ? {} : { crc32 }),
    };
  });
}

function field(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}
