// @ts-check
/** What a lecturer asks for: a QR code of the link, and a black screen. Loaded then. */
export { black, code } from "./embed/code.js";
