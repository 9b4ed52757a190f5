// @ts-check
/** `Intl.NumberFormat` for any language tag. */
/**
 * English where the tag is none: WebKitGTK calls its language "C" where the system names no other. The build puts this in the place of
 * every `Intl.NumberFormat`, as uPlot makes one of the browser's language while it is loaded.
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
