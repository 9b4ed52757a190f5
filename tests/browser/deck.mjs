// Shows the deck and collects the reports of the lab in its iframe for the test.
import Reveal from "/reveal/dist/reveal.mjs";

const lab = new URLSearchParams(location.search).get("lab");
/** Losses by step as the iframe posts them. */
window.steps = [];
addEventListener("message", (event) => {
  if (event.origin === lab && event.data?.event === "step") window.steps.push(event.data.detail);
});
window.deck = new Reveal({ embedded: false, hash: false, transition: "none" });
await window.deck.initialize();
window.deckReady = true;
