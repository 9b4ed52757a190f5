// @ts-check
/** `Intl.NumberFormat` for any language tag. */
/**
 * Invalid tags mean English: WebKitGTK calls its language "C" where the system names no other. The build replaces every
 * `Intl.NumberFormat` by this, as uPlot creates one for the browser's language while it loads.
 * @param {string} [language]
 * @param {Intl.NumberFormatOptions} [options]
 * @returns {Intl.NumberFormat}
 */
export function NumberFormat(language, options) {
  const { NumberFormat: Native } = Intl;
  try {
    return new Native(language, options);
  } catch {
    return new Native("en", options);
  }
}
