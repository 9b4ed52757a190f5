// @ts-check
/** The custom element `<alexnet-lab>`. */
class AlexNetLab extends HTMLElement {}
customElements.define("alexnet-lab", AlexNetLab);
export {};
