// @ts-check
/** Images as a file in CIFAR-10's binary format, which the PyTorch script and the lab itself can read. */

const SIDE = 32;

/**
 * One record per image: its label, then its pixels, channel by channel.
 * @param {Uint8Array} pixels (n, 32, 32, 3)
 * @param {Uint8Array} labels (n)
 */
export function records(pixels, labels) {
  const plane = SIDE * SIDE;
  const bytes = new Uint8Array(labels.length * (1 + 3 * plane));
  labels.forEach((label, image) => {
    const record = bytes.subarray(image * (1 + 3 * plane), (image + 1) * (1 + 3 * plane));
    record[0] = label;
    for (let at = 0; at < plane; at++) {
      for (let channel = 0; channel < 3; channel++) record[1 + channel * plane + at] = pixels[(image * plane + at) * 3 + channel];
    }
  });
  return bytes;
}
