// @ts-check
/** The panel that saves a run's data and loads weights. A separate module, loaded when the panel is opened. */
import { framed, labLink } from "./components/link.js";
import { h } from "./kit/dom.js";
import { integer, writeIn } from "./kit/format.js";
import { csv } from "./export/csv.js";
import { HEIGHT, WIDTH, figure } from "./export/figure.js";
import { records } from "./export/images.js";
import { withDensity } from "./export/png.js";
import { loadReader } from "./worker/module.js";

/** Pixels of the PNG per unit of the drawing. */
const FINER = 2;
/** After this time the browser has surely begun to store a file, ms. */
const STORED = 60_000;
/** The script looks for a weights file of this name in its own folder. */
const WEIGHTS = "alexnet.safetensors";

/** @returns {never} */
function refuse() {
  throw { code: "no_picture" };
}

export class Export {
  /** @param {import("./components/context.js").Context} context @param {import("./components/views.js").Views} views */
  constructor(context, views) {
    this.context = context;
    this.views = views;
    const { t, session } = context;
    writeIn(t.language);
    const input = h("input", { type: "file", accept: ".safetensors", class: "visually-hidden", tabIndex: -1, "aria-hidden": "true" });
    input.addEventListener("change", () => {
      session.loadFiles([...(input.files ?? [])]);
      input.value = "";
    });
    this.said = h("p", { class: "fine", role: "status" });
    this.element = h(
      "div",
      { class: "data" },
      this.group("curves", { csv: () => this.curves(), svg: () => this.drawing(), png: () => this.picture() }),
      this.group("network", { weights: () => this.weights(), script: () => this.script(), images: () => this.images() }),
      this.group("load", { load: () => input.click() }),
      input,
      this.said,
    );
  }

  /** @param {string} name @param {Record<string, () => unknown>} actions */
  group(name, actions) {
    const { t } = this.context;
    const buttons = Object.entries(actions).map(([action, run]) =>
      h("button", { type: "button", class: "action", title: t(`export.${action}_title`), onclick: () => this.run(run) }, t(`export.${action}`)),
    );
    return h(
      "fieldset",
      { class: "group" },
      h("legend", null, t(`export.groups.${name}`)),
      h("p", { class: "fine" }, t(`export.about.${name}`)),
      h("div", { class: "card-actions" }, buttons),
    );
  }

  /** Reports failures in the same place as all problems. @param {() => unknown} work */
  run(work) {
    return this.context.session.attempt(async () => work(), true);
  }

  /** @param {string} name @param {BlobPart} content @param {string} type */
  store(name, content, type) {
    const address = URL.createObjectURL(new Blob([content], { type }));
    h("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), STORED);
    const { t } = this.context;
    // The page cannot know whether the browser stores the file.
    this.said.replaceChildren(
      t("export.stored", { file: name }),
      ...(framed ? [" ", t("export.framed"), " ", labLink(this.context, {}, t("actions.open_title"))] : []),
    );
  }

  /** The record of the shown network. */
  get records() {
    return this.views.curves.records[this.context.session.state.shown];
  }

  /** A file name with the current step. @param {string} end */
  named(end) {
    return `alexnet-step-${this.context.session.state.step}.${end}`;
  }

  curves() {
    const { training, test, fit } = this.records;
    this.store(this.named("csv"), csv(training.rows, test.rows, fit.rows), "text/csv");
    if (training.stride > 1) this.said.append(` ${this.context.t("export.thinned", { stride: integer(training.stride) })}`);
  }

  figure() {
    const { events, logarithmic, gap } = this.views.curves;
    const { training, test, fit } = this.records;
    const { t, session, chartOptions } = this.context;
    const curves = {
      training: training.rows,
      test: test.rows,
      fit: fit.rows,
      stride: training.stride,
      events,
      logarithmic,
      gap,
      about: session.state.describe?.fragment ?? "",
    };
    return figure(curves, t, chartOptions().language ?? "en");
  }

  drawing() {
    this.store(this.named("svg"), this.figure(), "image/svg+xml");
  }

  async picture() {
    const address = URL.createObjectURL(new Blob([this.figure()], { type: "image/svg+xml" }));
    const picture = new Image();
    picture.src = address;
    await picture.decode().catch(() => refuse());
    const canvas = h("canvas", { width: FINER * WIDTH, height: FINER * HEIGHT });
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(address);
    /** @type {Blob | null} */
    const png = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const bytes = new Uint8Array(await (png ?? refuse()).arrayBuffer());
    // The same size as the SVG, whose pixels are 1/96 inch.
    this.store(this.named("png"), withDensity(bytes, 96 * FINER), "image/png");
  }

  async weights() {
    const { session, t } = this.context;
    const { bytes, step } = await session.save();
    this.store(WEIGHTS, /** @type {BlobPart} */ (bytes), "application/octet-stream");
    if (session.state.phase === "lost") this.said.textContent += ` ${t("export.kept", { step: integer(step) })}`;
  }

  async script() {
    const { describe } = this.context.session.state;
    if (!describe) return;
    const reader = await loadReader();
    this.store("alexnet.py", reader.pytorch_script(describe.fragment, describe.network.classes, WEIGHTS), "text/x-python");
  }

  /** The images under “Test images”. */
  images() {
    const { data } = this.views.predictions;
    if (data) this.store("images.bin", records(data.pixels, data.labels), "application/octet-stream");
    else this.said.textContent = this.context.t("export.no_images");
  }
}
