// @ts-check
/** A picture of a lesson's run, redrawn when the run has progressed or the page's look has changed. */
import { setAttribute, h } from "../../kit/dom.js";
import { endsOf, same } from "../run/measure.js";

/**
 * @template {{options: import("../../charts/frame.js").ChartOptions, refreshTheme(): void, destroy(): void}} Chart
 */
export class RunToy {
  /**
   * @param {import("../run/types.js").Panel} panel
   * @param {(host: HTMLElement, options: import("../../charts/frame.js").ChartOptions) => Chart} chartIn
   * @param {string} [hostClass]
   */
  constructor(panel, chartIn, hostClass = "") {
    this.panel = panel;
    this.host = h("div", { class: hostClass });
    this.chart = chartIn(this.host, panel.shell.context.chartOptions());
    /** The drawn snapshots. @type {(import("../run/measure.js").Look | null)[] | null} */
    this.drawn = null;
    this.look = "";
    /** The blocks in the menu. @type {string | null} */
    this.named = null;
  }

  destroy() {
    this.chart.destroy();
  }

  /** Called for each frame with a change. */
  update() {
    const { shell, shownRun } = this.panel;
    const look = `${shell.host.dataset.theme} ${shell.size}`;
    if (look !== this.look) {
      this.look = look;
      Object.assign(this.chart.options, shell.context.chartOptions());
      this.chart.refreshTheme();
    }
    const ends = endsOf(shownRun);
    if (same(ends, this.drawn)) return;
    this.drawn = ends;
    this.draw();
  }

  draw() {}

  /** The blocks of the run, or of the network before there is one. */
  get blocks() {
    const { shell, shownRun } = this.panel;
    return shownRun?.names ?? shell.session.state.describe?.network.blocks.map(({ name }) => name) ?? [];
  }

  /**
   * Fills a menu for these blocks, and keeps the one chosen if it is still there.
   * @param {HTMLSelectElement} select @param {string[]} names @param {(name: string, at: number) => HTMLOptionElement} option @param {string} first chosen at first
   */
  choices(select, names, option, first) {
    if (names.join() === this.named) return;
    this.named = names.join();
    const wanted = [select.value, first].find((name) => names.includes(name));
    select.replaceChildren(...names.map(option));
    if (wanted) select.value = wanted;
    setAttribute(select, "disabled", names.length === 0);
  }
}
