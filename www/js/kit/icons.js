// @ts-check
/** The icons on buttons and the small curves on chips. All use a 16x16 grid and the text's colour. */
import { svg } from "./dom.js";

/** @type {Record<string, {fill?: string, stroke?: string}>} */
const PATHS = {
  play: { fill: "M4 2.5v11l9-5.5z" },
  pause: { fill: "M3.5 2.5h3.2v11H3.5zM9.3 2.5h3.2v11H9.3z" },
  step: { fill: "M3 2.5v11l7-5.5zM11 2.5h2v11h-2z" },
  restart: { stroke: "M3 8a5 5 0 1 0 1.6-3.7M3 2.2v3.3h3.3" },
  link: { stroke: "M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.4-2.4a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.1 9.2a2.6 2.6 0 0 0 3.7 3.7l.9-.9" },
  embed: { stroke: "M5 4.5 1.5 8 5 11.5M11 4.5 14.5 8 11 11.5M9 3 7 13" },
  check: { stroke: "M3 8.5l3.2 3.2L13 4.5" },
  sun: {
    stroke: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
  },
  moon: { stroke: "M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6z" },
  help: { stroke: "M5.7 6a2.3 2.3 0 1 1 3.4 2c-.8.5-1.1.9-1.1 1.8M8 12.6v.2" },
  close: { stroke: "M3.5 3.5l9 9M12.5 3.5l-9 9" },
  open: { stroke: "M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3 7.5 8.5" },
  lesson: { stroke: "M8 4.2C6 3 4 3 2 3v9.5c2 0 4 0 6 1.3 2-1.3 4-1.3 6-1.3V3c-2 0-4 0-6 1.2v9.6" },
  file: { stroke: "M3.5 1.8h5.6l3.4 3.4v9h-9zM9 1.8v3.5h3.5" },
  layout: { stroke: "M1.8 3h12.4v10H1.8zM9.6 3v10M9.6 8h4.6" },
  code: { stroke: "M2 2h4.5v4.5H2zM9.5 2H14v4.5H9.5zM2 9.5h4.5V14H2z", fill: "M9 9h2v2H9zM12 9h2v2h-2zM10.5 11.5h2v2.5h-2zM13 13h1.5v1.5H13z" },
  warning: { stroke: "M8 2 14.5 13.5h-13zM8 6.3v3.4M8 11.6v.2" },
  // ---- the components' own pictures
  relu: { stroke: "M1.5 12H8l5.5-8.5" },
  leaky_relu: { stroke: "M1.5 13.2 8 12l5.5-8.5" },
  sigmoid: { stroke: "M1.5 12.5c5 0 5.5 0 6.5-4.5s1.5-4.5 6.5-4.5" },
  tanh: { stroke: "M1.5 13.5c5.5 0 6 0 6.5-5.5s1-5.5 6.5-5.5M1.5 8h13" },
  max: { stroke: "M2.5 2.5h11v11h-11zM8 2.5v11M2.5 8h11", fill: "M8 2.5h5.5V8H8z" },
  avg: { stroke: "M2.5 2.5h11v11h-11zM8 2.5v11M2.5 8h11M8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z" },
  paper: { stroke: "M3.5 1.8h5.6l3.4 3.4v9h-9zM9 1.8v3.5h3.5M6 8.5h4M6 11h4" },
  lrn: { stroke: "M2.5 13.5v-4M5.3 13.5V8M8 13.5v-11M10.7 13.5V8M13.5 13.5v-4" },
  bn: { stroke: "M1.5 13c4 0 4-10 6.5-10s2.5 10 6.5 10M8 3v10" },
  none: { stroke: "M3 8h10" },
  dropout: {
    stroke:
      "M4 4.1v-.2M12 4.1v-.2M8 8.1v-.2M4 12.1v-.2M12 12.1v-.2M6.6 2.6l2.8 2.8M9.4 2.6 6.6 5.4M2.6 6.6l2.8 2.8M5.4 6.6 2.6 9.4M10.6 6.6l2.8 2.8M13.4 6.6l-2.8 2.8",
  },
};

/** @param {string} name @returns {SVGElement} */
export function icon(name) {
  const { fill, stroke } = PATHS[name] ?? {};
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true", focusable: "false" },
    fill && svg("path", { d: fill, class: "icon-fill" }),
    stroke && svg("path", { d: stroke, class: "icon-stroke" }),
  );
}
