// @ts-check
/** The lines that put the lab into each host. The page, the guide and the tests take them from here. */

/**
 * @typedef {object} Place
 * @property {string} address of the lab's folder; ends in "/"
 * @property {Record<string, string>} settings by key, as in a link: all that differ from their defaults
 * @property {number} width of the frame, pixels
 * @property {number} height
 * @property {string} title what a screen reader calls the frame
 *
 * @typedef {object} Host
 * @property {"html" | "markdown" | "python" | "text"} language of the lines
 * @property {(place: Place) => string} lines
 */

/** The place of the guide's examples. @type {Place} */
export const EXAMPLE = { address: "https://your.host/lab/", settings: { activation: "sigmoid" }, width: 640, height: 360, title: "AlexNet Lab" };

/** Characters that separate the parts of a value; an address may contain them as they are. */
const PLAIN = /%(3A|2C|2B|3D)/g;

/** The settings as the part of a link after "#". @param {Record<string, string>} settings */
export function fragmentOf(settings) {
  const value = (/** @type {string} */ text) => encodeURIComponent(text).replace(PLAIN, decodeURIComponent);
  return ["v=1", ...Object.entries(settings).map(([key, text]) => `${encodeURIComponent(key)}=${value(text)}`)].join("&");
}

/** What a frame loads. @param {Place} place */
export const frameAddress = ({ address, settings }) => `${address}embed.html#${fragmentOf(settings)}`;

/** @param {string} text in an attribute; a browser reads "&" of an address as it is */
const quoted = (text) => `"${text.replaceAll('"', "&quot;").replaceAll("<", "&lt;")}"`;

/** @param {Place} place @param {string} [style] @param {string} [source] @param {string} [first] an attribute before the others */
function frame(place, style = "border: 0", source = frameAddress(place), first = "") {
  const { width, height, title } = place;
  return `<iframe ${first}src=${quoted(source)} width="${width}" height="${height}" title=${quoted(title)} style="${style}"></iframe>`;
}

/** A page may be narrower than the frame, on a phone for example; a slide is scaled as a whole. @param {Place} place */
const narrow = (place) => frame(place, "border: 0; max-width: 100%");

/** @type {Record<"reveal" | "impress" | "slidev" | "marp" | "quarto" | "powerpoint" | "jupyter" | "moodle" | "page" | "element" | "vitepress" | "file", Host>} */
export const HOSTS = {
  reveal: { language: "html", lines: (place) => `<section>\n  ${frame(place)}\n</section>` },
  // A step is as wide as its content, so a share of its width would be nothing.
  impress: { language: "html", lines: (place) => frame(place) },
  // Its build refuses a line with <script>.
  slidev: { language: "markdown", lines: (place) => frame(place) },
  marp: { language: "markdown", lines: (place) => frame(place) },
  // `embed-resources` would copy our page into the deck; `data-external` keeps its address.
  quarto: { language: "markdown", lines: (place) => `\`\`\`{=html}\n${frame(place, undefined, undefined, 'data-external="1" ')}\n\`\`\`` },
  powerpoint: { language: "text", lines: frameAddress },
  jupyter: {
    language: "python",
    lines: (place) => `from IPython.display import IFrame\n\nIFrame(${JSON.stringify(frameAddress(place))}, width=${place.width}, height=${place.height})`,
  },
  moodle: { language: "html", lines: narrow },
  page: { language: "html", lines: narrow },
  element: {
    language: "html",
    lines({ address, settings, width, height }) {
      const attributes = Object.entries(settings).map(([key, value]) => `${key}=${quoted(value)} `);
      return [
        `<script type="module" src=${quoted(`${address}js/alexnet-lab.js`)}></script>`,
        `<alexnet-lab ${attributes.join("")}style="max-width: ${width}px; height: ${height}px"></alexnet-lab>`,
      ].join("\n");
    },
  },
  // Its build refuses a line with <script>, as Slidev's does.
  vitepress: { language: "markdown", lines: narrow },
  // The deck and lab.html lie in the same folder.
  file: { language: "html", lines: (place) => frame(place, undefined, `lab.html#${fragmentOf(place.settings)}`) },
};
