// @ts-check
/** The dialog that writes the lines for another page, and shows how the lab will look there. */
import { TRIAL } from "../components/embed.js";
import { h, setText } from "../kit/dom.js";
import { address, isFolder } from "../kit/files.js";
import { icon } from "../kit/icons.js";
import { numberField } from "../kit/number.js";
import english from "../../i18n/embed.en.json" with { type: "json" };
import { SIZES, isLocal, placeFor } from "./choice.js";
import { HOSTS, fragmentOf, frameAddress } from "./hosts.js";

/** @typedef {keyof typeof HOSTS} Name of a host */

/** Smallest and largest side of a frame, pixels. */
const [LEAST, MOST] = [120, 4000];
/** Whether a frame can show this lab: not where it has no address, and not in a sandbox. */
const TRIABLE = location.protocol === "file:" || (location.protocol.startsWith("http") && origin !== "null");
/** The trial's largest height, a share of its width. */
const TALLEST = 0.75;

export class View {
  /** @param {import("../components/host.js").Host} shell */
  constructor(shell) {
    this.shell = shell;
    /** The requested language. */
    this.language = "";
    /** The lab's folder; null where the lab is a single file, whose folder may hold nothing else. */
    this.folder = isFolder ? address("") : null;
    /** @type {Name} */
    this.name = isFolder ? "reveal" : "file";
    this.size = "slide";
    /** @type {import("./choice.js").Choice} */
    this.choice = { width: 640, height: 360, lesson: "none", controls: "auto", autoplay: false };
    /** The frame of the trial, and its address. @type {HTMLIFrameElement | null} */
    this.frame = null;
    this.trial = "";
    this.dialog = h("dialog", {
      class: "dialog embed",
      "aria-labelledby": "embed-title",
      onclose: () => this.closed(),
      // The lab's keys rest, and a deck around it hears none.
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.stopPropagation(),
    });
    // Outside the lab's layout, which is rebuilt at times: moving a dialog closes it.
    this.element = h("div", { class: "lab embed-host" }, this.dialog);
    shell.root.append(this.element);
    this.hear = (/** @type {MessageEvent} */ { source, data }) => {
      const escapes = source === this.frame?.contentWindow && data?.event === "key" && data.detail?.key === "Escape";
      if (escapes) this.dialog.close();
    };
    window.addEventListener("message", this.hear);
    this.observer = new ResizeObserver(() => this.fit());
  }

  destroy() {
    window.removeEventListener("message", this.hear);
    this.observer.disconnect();
    this.element.remove();
  }

  /** In the page's language. */
  translate() {
    const { language } = this.shell.context.t;
    this.language = language;
    return this.shell.supply.speak(language, { "embed.": english }, (say) => {
      if (this.language !== language) return;
      this.build(say);
    });
  }

  update() {
    if (this.language !== this.shell.context.t.language) this.translate();
  }

  show() {
    if (this.dialog.open) return;
    const { lesson = "none" } = this.shell.session.state.config;
    this.choice.lesson = this.lessons.includes(lesson) ? lesson : "none";
    this.dialog.showModal();
    this.refresh();
    this.controls?.where.focus();
  }

  /** The trial ends with the dialog. */
  closed() {
    this.frame?.remove();
    this.frame = null;
    this.trial = "";
  }

  get lessons() {
    return (this.shell.session.setting("lesson")?.options ?? []).filter((name) => name !== "none");
  }

  // ---- parts -------------------------------------------------------------------------------------------------------

  /** @param {import("../kit/i18n.js").Texts} say */
  build(say) {
    const { t, session } = this.shell.context;
    this.say = say;
    /** @param {string} label @param {HTMLElement} control @param {string} [more] class */
    const row = (label, control, more = "") => h("label", { class: `embed-row ${more}` }, h("span", { class: "control-label" }, label), control);
    /** @param {[string, string][]} options @param {(value: string) => void} choose */
    const select = (options, choose) => {
      const made = h(
        "select",
        { onchange: () => (choose(made.value), this.refresh()) },
        options.map(([value, text]) => h("option", { value }, text)),
      );
      return made;
    };
    /** @param {"width" | "height"} side */
    const number = (side) => {
      const field = numberField(LEAST, (value) => ((this.choice[side] = value), this.refresh()));
      return Object.assign(field, { max: String(MOST), id: `embed-${side}` });
    };
    const controls = {
      where: select(
        Object.keys(HOSTS).map((name) => [name, say(`hosts.${name}`)]),
        (name) => (this.name = /** @type {Name} */ (name)),
      ),
      size: select(
        [...Object.keys(SIZES), "own"].map((name) => [name, say(`sizes.${name}`)]),
        (name) => {
          this.size = name;
          if (SIZES[name]) [this.choice.width, this.choice.height] = SIZES[name];
        },
      ),
      width: number("width"),
      height: number("height"),
      lesson: select(
        [["none", say("present")], ...this.lessons.map((name) => /** @type {[string, string]} */ ([name, t(`options.lesson.${name}`)]))],
        (lesson) => Object.assign(this.choice, { lesson }),
      ),
      amount: select(
        (session.setting("controls")?.options ?? ["auto"]).map((name) => [name, t(`options.controls.${name}`)]),
        (controls) => Object.assign(this.choice, { controls }),
      ),
      autoplay: h("input", {
        type: "checkbox",
        role: "switch",
        class: "toggle",
        onchange: () => ((this.choice.autoplay = this.controls?.autoplay.checked ?? false), this.refresh()),
      }),
    };
    this.controls = controls;
    this.own = h("div", { class: "embed-own" }, row(say("width"), controls.width), row(say("height"), controls.height));
    this.notes = h("div", { class: "embed-notes", id: "embed-notes" });
    this.lines = h("textarea", { class: "embed-lines", readOnly: true, spellcheck: false, "aria-describedby": "embed-notes" });
    this.said = h("span", { role: "status" });
    this.stage = h("div", { class: "embed-stage" });
    this.room = h("div", { class: "embed-room" }, this.stage);
    this.drawn = h("span");
    this.behind = h("span");
    this.observer.disconnect();
    this.observer.observe(this.room);
    this.closed();
    this.dialog.replaceChildren(
      h(
        "div",
        { class: "dialog-head" },
        h("h2", { id: "embed-title" }, say("title")),
        h("button", { type: "button", class: "tool", "aria-label": t("actions.close"), onclick: () => this.dialog.close() }, icon("close")),
      ),
      h(
        "div",
        { class: "embed-body" },
        h(
          "div",
          { class: "embed-form" },
          row(say("where"), controls.where),
          row(say("size"), controls.size),
          this.own,
          row(say("shows"), controls.lesson),
          row(t("settings.controls.label"), controls.amount),
          row(t("settings.autoplay.label"), controls.autoplay, "embed-switch"),
        ),
        h("div", { class: "embed-trial" }, h("h3", null, say("preview")), this.room, h("p", { class: "fine" }, this.drawn, " ", this.behind)),
        h(
          "div",
          { class: "embed-result" },
          this.lines,
          h(
            "div",
            { class: "embed-copy" },
            h("button", { type: "button", class: "action primary", onclick: () => this.copy() }, icon("link"), say("copy")),
            this.said,
          ),
          this.notes,
        ),
      ),
    );
    if (this.dialog.open) this.refresh();
  }

  // ---- what is on show ---------------------------------------------------------------------------------------------

  /** Writes the lines anew, and restarts the trial if its address differs. */
  refresh() {
    const { say, controls, choice, name } = this;
    if (!say || !controls || !this.lines || !this.notes || !this.said) return;
    controls.where.value = name;
    controls.size.value = this.size;
    controls.width.value = String(choice.width);
    controls.height.value = String(choice.height);
    controls.lesson.value = choice.lesson;
    controls.amount.value = choice.controls;
    controls.autoplay.checked = choice.autoplay && choice.lesson === "none";
    controls.autoplay.disabled = choice.lesson !== "none";
    if (this.own) this.own.hidden = this.size !== "own";
    const place = placeFor(this.folder, this.shell.session.state.fragment, choice);
    const lines = HOSTS[name].lines(place);
    if (this.lines.value !== lines) setText(this.said, "");
    this.lines.value = lines;
    this.lines.setAttribute("aria-label", say("lines", { host: say(`hosts.${name}`) }));
    this.notes.replaceChildren(...this.remarks(say));
    this.behind?.replaceChildren(say(TRIABLE ? "behind" : "untried"));
    if (TRIABLE)
      this.try(this.folder === null ? `${location.href.split("#")[0]}#${fragmentOf(place.settings)}` : frameAddress({ ...place, address: this.folder }));
    this.fit();
  }

  /** What there is to know, a sentence each. @param {import("../kit/i18n.js").Texts} say */
  remarks(say) {
    const { name, folder } = this;
    const needsServer = name !== "file" && (folder === null || isLocal(folder));
    const file = name === "file" && folder !== null;
    return [
      h("p", null, say(`notes.${name}`)),
      needsServer && h("p", null, say("local")),
      !needsServer && !file && folder?.startsWith("http:") && h("p", null, say("insecure")),
      file && h("p", null, h("a", { href: `${folder}lab.html`, download: "lab.html" }, say("download"))),
    ].filter((part) => part instanceof Node);
  }

  /** A new frame for each address: only a lab that starts obeys autoplay. @param {string} trial */
  try(trial) {
    const { say, stage, dialog } = this;
    if (trial === this.trial || !say || !stage || !dialog.open) return;
    this.closed();
    this.trial = trial;
    this.frame = h("iframe", { name: TRIAL, title: say("preview"), src: trial });
    stage.replaceChildren(this.frame);
  }

  /** Scales the trial to the room there is, never up. */
  fit() {
    const { frame, stage, say, drawn, choice } = this;
    const room = this.room?.clientWidth;
    if (!room || !frame || !stage || !say || !drawn) return;
    const { width, height } = choice;
    const scale = Math.min(1, room / width, (room * TALLEST) / height);
    Object.assign(frame.style, { width: `${width}px`, height: `${height}px`, transform: `scale(${scale})` });
    Object.assign(stage.style, { width: `${width * scale}px`, height: `${height * scale}px` });
    setText(drawn, say("drawn", { width, height, percent: Math.round(100 * scale) }));
  }

  async copy() {
    const { lines, said, say } = this;
    if (!lines || !said || !say) return;
    try {
      await navigator.clipboard.writeText(lines.value);
      said.textContent = say("copied");
    } catch {
      // No permission, or plain http: the user can still copy by hand.
      lines.focus();
      lines.select();
      said.textContent = say("refused");
    }
  }
}
