// Starts the deck: reveal.js with the speaker's view. It speaks to its labs only by the messages that the guide offers to everyone.
import Reveal from "reveal.js";
import Notes from "reveal.js/plugin/notes";
import qrcode from "qrcode-generator";

/** In a window this narrow, reveal.js shows the slides below each other, and slides.css in one column. */
const phone = matchMedia("(max-width: 435px)");
const size = () => (phone.matches ? { width: 390, height: 860 } : { width: 1280, height: 720 });

const deck = new Reveal({
  ...size(),
  margin: 0,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  backgroundTransition: "none",
  pdfMaxPagesPerSlide: 1,
  scrollActivationWidth: 435,
  scrollLayout: "compact",
  scrollSnap: false,
  plugins: [Notes],
});

/** Some labs show their point at a later step of their lesson. Each is led there once, when it has been seen and is ready. */
const led = new Set();
addEventListener("message", ({ data, source }) => {
  const frame = [...document.querySelectorAll("iframe")].find(({ contentWindow }) => contentWindow === source);
  const wanted = frame?.dataset.step;
  if (data?.alexnetLab !== 1 || !wanted || led.has(wanted + frame.src)) return;
  if (data.detail?.lesson_step === wanted) led.add(wanted + frame.src);
  else if (data.event === "ready" || data.answer === "next") frame.contentWindow?.postMessage({ alexnetLab: 1, command: "next" }, location.origin);
});

/** The code is drawn here, because only the reader's browser knows where the deck is served. On this machine alone it would lead nowhere. */
function drawCode() {
  const local = location.protocol === "file:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);
  for (const place of local ? [] : document.querySelectorAll(".qr")) {
    const link = /** @type {HTMLAnchorElement} */ (place.querySelector("a"));
    const code = qrcode(0, "M");
    code.addData(link.href);
    code.make();
    link.innerHTML = code.createSvgTag({ cellSize: 8, margin: 32, scalable: true });
    link.append(link.href);
    place.querySelector(".local")?.remove();
  }
}

drawCode();
phone.addEventListener("change", () => deck.configure(size()));
deck.initialize().then(() => {
  // Not earlier: for the column of a phone and for print, reveal.js moves the frames, and a moved frame loads again.
  for (const frame of document.querySelectorAll("iframe")) frame.loading = "eager";
});
