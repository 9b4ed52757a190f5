// The page's colours for charts.

/** @typedef {[number, number, number]} Rgb 0 to 255 */

const COLOURS = /** @type {const} */ ([
  "train",
  "test",
  "gradient",
  "gradient-ink",
  "activation",
  "activation-ink",
  "weight",
  "weight-ink",
  "ink",
  "muted",
  "line",
  "surface",
  "sunken",
  "bad",
  "mark",
  "lane-1",
  "lane-2",
  "lane-3",
  "lane-4",
]);
/** @typedef {Record<typeof COLOURS[number], string>} Palette */

/**
 * The page's colours as the browser resolves them (rgb(...)), so that they can be taken apart; empty outside the page.
 * @param {HTMLElement} root
 * @returns {Palette}
 */
export function readPalette(root) {
  const probe = document.createElement("span");
  probe.style.setProperty("forced-color-adjust", "none"); // charts keep their hues
  root.append(probe);
  const palette = /** @type {Palette} */ ({});
  for (const name of COLOURS) {
    probe.style.color = `var(--${name})`;
    palette[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return palette;
}

/** @param {Palette} palette @param {number} lane */
export const laneColour = (palette, lane) => palette[/** @type {keyof Palette} */ (`lane-${lane + 1}`)];

/** @param {string} colour rgb(r, g, b) */
export const faint = (colour) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.22)");

/** @param {string} colour as `readPalette` returns it @returns {Rgb} */
export function rgb(colour) {
  const parts = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  const unit = colour.startsWith("color(") ? 255 : 1;
  return [(parts[0] ?? 0) * unit, (parts[1] ?? 0) * unit, (parts[2] ?? 0) * unit];
}
