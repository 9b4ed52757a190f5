// @ts-check
/** The actions of buttons and keys, by name. */
import { LANGUAGES } from "../kit/i18n.js";

/** How long a button confirms a copy, ms. */
const COPIED = 1500;

/**
 * @typedef {object} Acted The part of the shell that actions use.
 * @property {import("../kit/i18n.js").Texts | null} texts
 * @property {string} language the requested one
 * @property {boolean} isPage
 * @property {import("../components/lesson.js").Lesson} lesson
 * @property {import("../components/help.js").Help} [help]
 * @property {import("../components/link.js").LinkDialog} [link]
 * @property {() => boolean} dark
 *
 * @typedef {import("../components/host.js").Host & Acted} Shell
 */

/** @param {Shell} shell @param {string} action */
export function act(shell, action) {
  const { session, tabs, lab, lesson } = shell;
  switch (action) {
    case "play":
      if (session.state.wanted) return session.pause();
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
      return shell.help?.open();
    case "copy":
      return void copyLink(shell);
    case "open":
      return openLab(shell);
    case "lessons":
    case "next":
    case "back":
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
  const page = shell.isPage ? location.href.split("#")[0].replace(/embed\.html$/, "") : new URL("../index.html", import.meta.url).href;
  const pairs = shell.session.state.fragment.split("&").filter((pair) => !pair.startsWith("controls="));
  return `${page}#${pairs.join("&")}`;
}

/** Opens the lab in a tab, unless the frame forbids it. @param {Shell} shell */
function openLab(shell) {
  const tab = window.open(linkOf(shell));
  if (tab) tab.opener = null;
  else shell.link?.open("open");
}

/** @param {Shell} shell */
async function copyLink(shell) {
  const { t } = shell.context;
  try {
    await navigator.clipboard.writeText(linkOf(shell));
  } catch {
    // No permission, or plain http: the user can still copy the link by hand.
    return shell.link?.open("copy");
  }
  const words = shell.header?.copy.querySelector("span");
  if (!words) return;
  words.textContent = t("actions.copied");
  setTimeout(() => (words.textContent = t("actions.copy")), COPIED);
}
