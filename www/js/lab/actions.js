// @ts-check
/** The actions of buttons and keys, by name. */
import { address, importModule } from "../kit/files.js";
import { LANGUAGES } from "../kit/i18n.js";

/** How long a button confirms a copy, ms. */
const COPIED = 1500;

/**
 * @typedef {object} Acted The part of the shell that actions use.
 * @property {import("../kit/i18n.js").Texts | null} texts
 * @property {string} language the requested one
 * @property {boolean} isPage
 * @property {import("../components/lesson.js").Lesson} lesson
 * @property {import("../components/embed.js").Embed} embed
 * @property {() => boolean} dark
 *
 * @typedef {import("../components/host.js").Host & Acted} Shell
 * @typedef {typeof import("../embed/help.js") & typeof import("../embed/link.js")} Dialogs `embed.js`
 */

/** @param {Shell} shell @param {string} action */
export function act(shell, action) {
  const { session, tabs, lab, lesson } = shell;
  switch (action) {
    case "play":
      if (session.state.wanted && session.state.turn !== "other") return session.pause();
      return lesson.leads() ? undefined : session.play();
    case "step":
      return lesson.leads() ? undefined : void session.step();
    case "restart":
      return void session.restart();
    case "language": {
      const lang = LANGUAGES.find((language) => language !== shell.texts?.language) ?? "en";
      if (lang === shell.language) shell.supply.tryAgain(); // its texts were missing
      return shell.change({ lang });
    }
    case "theme":
      return shell.change({ theme: shell.dark() ? "light" : "dark" });
    case "help":
      return void show(shell, (module) => module.showHelp(shell));
    case "embed":
      return void shell.embed.open();
    case "copy":
      return void copyLink(shell);
    case "code":
    case "black":
      // A deck around it turns black by itself.
      if (action === "black" && !(shell.isPage && window.parent === window)) return false;
      return void shell.supply.need("code.js", async () => /** @type {typeof import("../embed/code.js")} */ (await importModule("js/code.js"))[action](shell));
    case "open":
      return openLab(shell);
    case "next":
    case "back":
      if (lesson.named && lesson.panel?.ends(action)) return false;
      return void lesson.act(action);
    case "lessons":
      return void lesson.act(action);
    case "backend":
      tabs.more?.choose("cost");
      return lab.querySelector(".panel-more")?.scrollIntoView({ block: "nearest" });
    case "builtin":
      return void session.reopen();
    default: {
      // The action is a component's name: open its first chip, preferably one that is in the network.
      const chip = `.chip[data-kind="${action}"]`;
      /** @type {HTMLElement | null} */ (lab.querySelector(`${chip}:not([data-ghost])`) ?? lab.querySelector(chip))?.click();
    }
  }
}

/** The link that reproduces this run in the full lab. @param {Shell} shell */
export function linkOf(shell) {
  const page = shell.isPage ? location.href.split(/[?#]/)[0].replace(/embed\.html$/, "") : address("index.html");
  const pairs = shell.session.state.fragment.split("&").filter((pair) => !pair.startsWith("controls="));
  return `${page}#${pairs.join("&")}`;
}

/** Opens the lab in a tab, unless the frame forbids it. @param {Shell} shell */
function openLab(shell) {
  const tab = window.open(linkOf(shell));
  if (tab) tab.opener = null;
  else show(shell, (module) => module.showLink(shell, "open"));
}

/** Shows a dialog of the module of dialogs. @param {Shell} shell @param {(module: Dialogs) => void} open */
const show = (shell, open) => shell.supply.need("embed.js", async () => open(/** @type {Dialogs} */ (await importModule("js/embed.js"))));

/** @param {Shell} shell */
async function copyLink(shell) {
  const { t } = shell.context;
  try {
    await navigator.clipboard.writeText(linkOf(shell));
  } catch {
    // No permission, or plain http: the user can still copy the link by hand.
    return show(shell, (module) => module.showLink(shell, "copy"));
  }
  const words = shell.header?.copy.querySelector("span");
  if (!words) return;
  words.textContent = t("actions.copied");
  setTimeout(() => (words.textContent = t("actions.copy")), COPIED);
}
