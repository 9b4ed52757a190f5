// @ts-check
/** The size of a PNG on paper and on a slide. */

const INCH = 0.0254;
/** After the signature (8 bytes) and the header, whose chunk has 13 bytes of data: PNG specification, 5.2 and 5.6. */
const FIRST = 8 + 12 + 13;

/**
 * The same picture with a pHYs chunk (PNG specification, 11.3.4.3): without one, some programs assume 72 pixels per inch.
 * @param {Uint8Array} png @param {number} density pixels per inch @returns {Uint8Array<ArrayBuffer>}
 */
export function withDensity(png, density) {
  const chunk = new DataView(new ArrayBuffer(12 + 9));
  const perMetre = Math.round(density / INCH);
  chunk.setUint32(0, 9);
  chunk.setUint32(4, 0x70485973); // "pHYs"
  chunk.setUint32(8, perMetre);
  chunk.setUint32(12, perMetre);
  chunk.setUint8(16, 1); // per metre
  chunk.setUint32(17, crc(new Uint8Array(chunk.buffer, 4, 13)));
  const dense = new Uint8Array(png.length + chunk.byteLength);
  dense.set(png.subarray(0, FIRST));
  dense.set(new Uint8Array(chunk.buffer), FIRST);
  dense.set(png.subarray(FIRST), FIRST + chunk.byteLength);
  return dense;
}

/** CRC-32 of a chunk's type and data: PNG specification, annex D. @param {Uint8Array} bytes */
function crc(bytes) {
  let rest = -1;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return ~rest >>> 0;
}
