// Shows the lab in an iframe and keeps what it reports, for the test to read.
import Reveal from "/reveal/dist/reveal.mjs";

const lab = new URLSearchParams(location.search).get("lab");
const settings = new URLSearchParams(location.search).get("settings") ?? "";
/** Losses by step as the iframe posts them. */
window.steps = [];
addEventListener("message", (event) => {
  if (event.origin === lab && event.data?.event === "step") window.steps.push(event.data.detail);
});
document.querySelector("#lab").src = `${lab}/embed.html#${settings}`;
window.deck = new Reveal({ embedded: false, hash: false, transition: "none" });
await window.deck.initialize();
window.deckReady = true;
