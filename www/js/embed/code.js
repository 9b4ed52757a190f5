// @ts-check
/** A QR code of the link, large enough for the last row, and a black screen. */
/*! qrcode-generator, © 2009 Kazuhiko Arase, MIT licence. */
import qrcode from "qrcode-generator";
import { dialog, pop } from "../components/dialog.js";
import { h, svg } from "../kit/dom.js";

/** Addresses that only this computer reaches. */
const OWN = /^(localhost|127(\.\d+){3}|\[::1\])$/;
/** Bytes of the longest link that fits into a code with medium error correction (version 40). */
const LONGEST = 2331;
/** The light frame that readers of codes need, in modules. */
const QUIET = 4;

/** Turns the screen black, or back. @param {import("../components/host.js").Host} shell */
export function black({ lab }) {
  if (lab.toggleAttribute("data-black")) lab.addEventListener("pointerdown", () => lab.removeAttribute("data-black"), { once: true });
}

/** @param {import("../components/host.js").Host} shell */
export function code({ context, lab }) {
  const { t } = context;
  const link = context.link();
  const words = problem(link);
  const drawn = words === "local" || words === "long" ? null : draw(link, t("code.label"));
  const element = dialog(t, t("code.title"), drawn, words && h("p", null, t(`code.${words}`)), h("p", { class: "fine code-link" }, link.slice(0, LONGEST)));
  element.classList.add("code");
  pop(lab, element);
}

/** Why a phone cannot open the link, if so: it is no address, too long, or only this computer's own. @param {string} link */
function problem(link) {
  if (!/^https?:/.test(link)) return "local";
  if (link.length > LONGEST) return "long";
  return OWN.test(new URL(link).hostname) ? "own" : "";
}

/** @param {string} link @param {string} label */
function draw(link, label) {
  const made = qrcode(0, "M");
  made.addData(link);
  made.make();
  const count = made.getModuleCount();
  let path = "";
  for (let row = 0; row < count; row++)
    for (let column = 0; column < count; column++) if (made.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
  const side = count + 2 * QUIET;
  return svg(
    "svg",
    { viewBox: `0 0 ${side} ${side}`, class: "code-picture", role: "img", "aria-label": label },
    svg("path", { d: `M0 0h${side}v${side}h-${side}z`, fill: "#fff" }),
    svg("path", { d: path, fill: "#000", "shape-rendering": "crispEdges" }),
  );
}
