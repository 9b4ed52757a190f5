// @ts-check
/** The base of pictures that need no training: they look into the current network, at one layer's output for a test image. */
import { INPUT } from "../../drill/arithmetic.js";
import { Picture } from "./picture.js";

export class ReadingPicture extends Picture {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    super(panel);
    /** The layer's output for the image. @type {{shape: import("../../worker/types.js").Shape, values: Float32Array} | null} */
    this.reading = null;
    /** The request to the worker. */
    this.asked = "";
  }

  /** The layer whose output is read. @returns {import("../../worker/types.js").Layer | undefined} */
  get layer() {
    return undefined;
  }

  get layers() {
    return this.panel.session.state.describe?.network.layers ?? [];
  }

  get unit() {
    const { layer } = this;
    return layer ? { image: Number(this.panel.session.state.config.image), channel: undefined, layers: [INPUT, layer.name], learnt: [] } : null;
  }

  /** @param {import("../../worker/types.js").UnitReading} reading */
  receive({ unit, outputs: [, values] }) {
    const { layer } = this;
    if (!layer || JSON.stringify(unit) !== JSON.stringify(this.unit)) return;
    const { height, width, channels } = layer.output;
    if (values?.length === height * width * channels) this.take({ shape: layer.output, values });
  }

  /** Keeps the first reading of each network and image, so that the picture stands still. @param {NonNullable<ReadingPicture["reading"]>} reading */
  take(reading) {
    const { run, config } = this.panel.session.state;
    const of = [run, config.image, this.layer?.name].join();
    if (of === this.asked && this.reading) return;
    this.asked = of;
    this.reading = reading;
    this.update();
  }

  /** @returns {unknown[]} */
  get from() {
    return [this.reading, this.panel.step];
  }
}
