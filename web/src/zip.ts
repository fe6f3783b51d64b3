// Pure: a ZIP file of files that are packed already, stored as they are.
// Format: PKWARE's APPNOTE, §4.3: local headers with data, central directory, end record.

export interface Entry {
  name: string;
  data: Uint8Array;
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const utf8 = 0x0800; // flag: names are UTF-8
const version = 20;

/** zip packs entries, dated at. */
export function zip(entries: Entry[], at = new Date()): Blob {
  const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1);
  const date = ((at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate();
  const files: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const title = new TextEncoder().encode(name);
    // needed version, flags, method 0 (stored), time, date, CRC, both sizes, length of name, of extra
    const common = [2, version, 2, utf8, 2, 0, 2, time, 2, date, 4, crc32(data), 4, data.length, 4, data.length, 2, title.length, 2, 0];
    const head = record(0x04034b50, common, title);
    // length of comment, disk, attributes, where the local header stands
    directory.push(record(0x02014b50, [2, version, ...common, 2, 0, 2, 0, 2, 0, 4, 0, 4, offset], title));
    files.push(head, data);
    offset += head.length + data.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record(0x06054b50, [2, 0, 2, 0, 2, entries.length, 2, entries.length, 4, size, 4, offset, 2, 0]);
  return new Blob([...files, ...directory, end] as BlobPart[], { type: "application/zip" });
}

/** record is a signature, then numbers as pairs of width and value, little-endian, then bytes. */
function record(signature: number, pairs: number[], tail = new Uint8Array()): Uint8Array {
  const out: number[] = [];
  const all = [4, signature, ...pairs];
  for (let i = 0; i < all.length; i += 2) {
    for (let byte = 0; byte < all[i]!; byte++) out.push((all[i + 1]! >>> (8 * byte)) & 255);
  }
  return Uint8Array.from([...out, ...tail]);
}
