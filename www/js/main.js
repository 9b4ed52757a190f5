// @ts-check
/** The page's one script: it defines `<alexnet-lab>`. */
import "./lab/element.js";
