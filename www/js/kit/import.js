// @ts-check
/**
 * Imports a module of the page. After a failure it uses another address, as browsers may remember the failure.
 * @param {URL} address
 * @returns {Promise<unknown>}
 */
export async function importModule(address) {
  try {
    return await import(address.href);
  } catch {
    return import(`${address.href}?again=${Date.now()}`);
  }
}
