// @ts-check
/** How fast the networks learn: smoothed training loss, a thick line a network, with a band over the seeds that were run. */
import { live, number } from "../../kit/format.js";
import { linearTicks } from "../../charts/scale.js";
import { LAST, guessing, loss } from "../run/measure.js";
import seeds from "../run/seeds.json" with { type: "json" };
import { Picture } from "./picture.js";
import { area, dot, label, line, rect, segment, spread, told, widthOf } from "./shapes.js";

/** Steps between two points of a line. */
const STRIDE = 4;
/** Losses at the end, with each of several seeds, measured natively: a row a network. @type {Record<string, {seeds: number[], loss?: number[][]}>} */
const SEEDS = seeds;
/** Most ticks of the axis. */
const TICKS = 4;
/** Share of the axis below the lowest line. */
const ROOM = 0.08;

/** The mean loss of up to `LAST` steps before every fourth step. @param {import("../run/measure.js").Lane | undefined} lane */
function smoothed(lane) {
  const rows = lane?.records ?? [];
  /** @type {[number, number][]} */
  const points = [];
  let sum = 0;
  rows.forEach(([step, loss], at) => {
    sum += loss - (rows[at - LAST]?.[1] ?? 0);
    if (at % STRIDE === STRIDE - 1 || at === rows.length - 1) points.push([step, sum / Math.min(LAST, at + 1)]);
  });
  return points;
}

export class CurvesPicture extends Picture {
  /** Every network's line of every seed: the run on show first. */
  get lines() {
    const { run, panel } = this;
    const runs = [run, ...this.others];
    return (panel.lesson?.lanes ?? []).map((_, lane) => runs.map((each) => smoothed(each?.lanes[lane])));
  }

  /** @returns {unknown[]} */
  get from() {
    return [this.panel.ran.length, ...(this.run?.lanes ?? []).map(({ records }) => Math.floor(records.length / STRIDE))];
  }

  get words() {
    const ends = this.lines.map(([own]) => own.at(-1)?.[1] ?? NaN);
    if (!ends.some(Number.isFinite)) return this.say("curves.empty");
    return this.say("curves.words", { list: ends.map((loss, lane) => `${this.name(lane)} ${told(loss, live)}`).join(this.panel.say("guide.comma")) });
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const { lines, run, panel } = this;
    const until = panel.lesson?.until ?? 1;
    const chance = run ? guessing(run) : Math.log(10);
    // The ends with other seeds stand between the lines and their names, once the run on show has ended.
    const dots = SEEDS[panel.lesson?.name ?? ""]?.loss ?? [];
    const ended = run !== undefined && dots.every((_, lane) => Number.isFinite(loss(run, lane)));
    const all = [...lines.flat(2).map(([, loss]) => loss), ...(ended ? dots.flat() : [])];
    const high = chance * 1.03;
    const lowest = Math.min(...all.filter(Number.isFinite), chance * 0.85);
    const low = Math.max(0, lowest - ROOM * (high - lowest));
    const names = lines.map(([own], lane) => `${this.name(lane)} ${own.length > 0 ? told(own[own.length - 1][1], live) : "?"}`);
    const end = width - Math.max(...names.map((name) => widthOf(name, 1.15 * text))) - 0.6 * text;
    const right = end - dots.length * text;
    const [left, top, bottom] = [2.6 * text, 0.4 * text, height - 1.9 * text];
    const x = (/** @type {number} */ step) => left + ((right - left) * step) / until;
    const y = (/** @type {number} */ loss) => bottom - ((bottom - top) * (Math.min(high, loss) - low)) / (high - low);
    const nodes = [];
    for (const tick of linearTicks(low, high, TICKS)) {
      nodes.push(segment(left, y(tick), right, y(tick), "pic-grid"));
      nodes.push(label(left - 0.3 * text, y(tick) + 0.35 * text, number(tick), { size: text, anchor: "end", class: "pic-muted" }));
    }
    nodes.push(segment(left, y(chance), right, y(chance), "pic-rule"));
    nodes.push(label(right, y(chance) + 1.2 * text, this.say("curves.chance"), { size: text, anchor: "end", class: "pic-muted" }));
    nodes.push(label(left, height - 0.35 * text, this.say("curves.axis", { steps: until }), { size: text, class: "pic-muted", limit: width - left }));
    lines.forEach((runs, lane) => {
      const [own, ...others] = runs.map((points) => points.map(([step, loss]) => /** @type {[number, number]} */ ([x(step), y(loss)])));
      const whole = [own, ...others].filter((points) => points.length === own.length);
      if (whole.length > 1 && own.length > 0) {
        const edge = (/** @type {(...ys: number[]) => number} */ of) =>
          own.map(([at], i) => /** @type {[number, number]} */ ([at, of(...whole.map((points) => points[i][1]))]));
        nodes.push(area([...edge(Math.min), ...edge(Math.max).reverse()], `pic-lane-${lane + 1} pic-faint`));
      }
    });
    lines.forEach(([own], lane) => {
      nodes.push(
        line(
          own.slice(own.findIndex(([, loss]) => loss <= high)).map(([step, loss]) => [x(step), y(loss)]),
          `pic-stroke-${lane + 1} pic-thick pic-dash-${lane + 1}`,
        ),
      );
    });
    if (ended) nodes.push(...this.seeds(dots, right, { y, text }));
    const ends = lines.map(([own], lane) => (own.length > 0 ? y(own[own.length - 1][1]) : top + ((lane + 1) * (bottom - top)) / (lines.length + 1)));
    const placed = spread(ends, 1.5 * text, top + 0.8 * text, bottom - 0.4 * text);
    placed.forEach((at, lane) => {
      nodes.push(label(end + 0.5 * text, at + 0.4 * text, names[lane], { size: 1.15 * text, weight: 700, class: `pic-ink-${lane + 1}` }));
    });
    // A network, or all of them if none is ahead.
    const framed = this.expected === "noise" ? placed : placed.filter((_, lane) => this.expected === panel.lesson?.lanes[lane]);
    if (framed.length > 0) {
      const [from, to] = [Math.min(...framed) - 0.9 * text, Math.max(...framed) + 0.8 * text];
      nodes.push(rect(end + 0.2 * text, from, width - end - 0.3 * text, to - from, "pic-expected"));
      const under = Math.min(height - 0.4 * text, Math.max(...placed) + 2 * text);
      const look = { size: text, weight: 700, anchor: /** @type {const} */ ("end"), class: "pic-ink-expected" };
      nodes.push(label(width - 0.1 * text, under, this.say("expected"), look));
    }
    return nodes;
  }

  /**
   * The losses at the end with several seeds: a column a network, from the smallest to the largest.
   * @param {number[][]} losses @param {number} left @param {{y: (loss: number) => number, text: number}} frame
   */
  seeds(losses, left, { y, text }) {
    const columns = losses.flatMap((of, lane) => {
      const [x, top, bottom] = [left + (lane + 0.7) * text, y(Math.max(...of)), y(Math.min(...of))];
      const range = rect(x - 0.22 * text, top - 0.22 * text, 0.44 * text, bottom - top + 0.44 * text, `pic-lane-${lane + 1} pic-soft`);
      return [range, ...of.map((value) => dot(x, y(value), 0.2 * text, `pic-lane-${lane + 1}`))];
    });
    const words = this.say("curves.seeds", { count: losses[0]?.length ?? 0 });
    return [...columns, label(left + 0.3 * text, y(Math.max(...losses.flat())) - 0.6 * text, words, { size: text, class: "pic-muted" })];
  }
}
