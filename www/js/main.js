// @ts-check
/** The page's only script: it defines `<alexnet-lab>`. */
import "./lab/element.js";
